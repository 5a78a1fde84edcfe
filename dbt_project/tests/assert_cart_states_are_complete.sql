-- Law: a cart's state agrees with what happened to it, and steps are never reached out of order.
select
    cart_id,
    state
from {{ ref('fct_carts') }}
where
    (state = 'purchased' and (order_id is null or hours_to_order > 24 or is_abandoned))
    or (
        state = 'recovered'
        and (
            order_id is null
            or hours_to_order > 30 * 24
            or recovery_type not in ('same_basket', 'same_category')
            or (recovery_type = 'same_basket' and hours_to_order <= 24)
        )
    )
    or (state = 'bought_elsewhere' and (order_id is null or hours_to_order > 14 * 24 or recovery_type <> 'other_channel'))
    or (state = 'completed_by_agent' and (order_id is null or recovery_type <> 'agent'))
    or (state = 'abandoned' and (order_id is not null or not is_mature))
    or (state in ('open', 'grace') and is_mature)
    or (state = 'emptied' and not is_emptied)
    or (state in ('recovered', 'bought_elsewhere', 'completed_by_agent') and recovery_type is null)
    or (recovery_type is not null and order_id is null)
    or (is_abandoned and (state in ('purchased', 'emptied', 'open', 'grace') or value_amount <= 0))
    or (state in ('abandoned', 'recovered', 'bought_elsewhere') and value_amount > 0 and not is_abandoned)
    or (is_abandoned <> (primary_cause is not null))
    or last_activity_at < started_at
