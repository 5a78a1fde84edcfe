-- Law: a cart's state agrees with what happened to it, and steps are never reached out of order.
select
    cart_id,
    state
from {{ ref('fct_carts') }}
where
    (state = 'purchased' and (order_id is null or hours_to_order > 24 or is_abandoned))
    or (state = 'recovered' and (order_id is null or hours_to_order <= 24 or hours_to_order > 30 * 24))
    or (state = 'bought_elsewhere' and (order_id is null or hours_to_order > 14 * 24))
    or (state = 'abandoned' and (order_id is not null or not is_mature))
    or (state = 'open' and is_mature)
    or (state = 'emptied' and not is_emptied)
    or (is_abandoned and (state in ('purchased', 'emptied', 'open') or value_amount <= 0))
    or (state in ('abandoned', 'recovered', 'bought_elsewhere') and value_amount > 0 and not is_abandoned)
    or (is_abandoned <> (primary_cause is not null))
    or last_activity_at < started_at
