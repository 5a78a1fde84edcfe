-- One row per cart episode: whose it was, where it began, what was in it and how far it came.
with steps as (
    select * from {{ ref('cart_steps') }}
),

-- Equal times are told apart by the event's key, so that the first and the last step are the same in every run.
ranked_steps as (
    select
        *,
        row_number() over (
            partition by episode
            order by case when event_name = 'add_to_cart' then 0 else 1 end, event_at, event_ref
        ) as add_rank,
        row_number() over (
            partition by episode
            order by
                case when event_name not in ('add_to_cart', 'remove_from_cart') and value_amount is not null then 0 else 1 end,
                event_at desc,
                event_ref
        ) as value_rank,
        row_number() over (partition by episode order by case when is_login then 0 else 1 end, event_at desc, event_ref) as owner_rank
    from steps
)

select
    episode,
    max(customer_id) filter (where owner_rank = 1) as customer_id,
    max(cart_ref) filter (where add_rank = 1) as first_cart_ref,
    max(region) filter (where add_rank = 1) as region,
    max(channel) filter (where add_rank = 1) as channel,
    max(device_category) filter (where add_rank = 1) as device_category,
    max(product_line) filter (where add_rank = 1) as product_line,
    count(distinct product_id) filter (where event_name = 'add_to_cart') as n_products,
    count(distinct session_ref) as n_sessions,
    count(distinct device_ref) as n_devices,
    -- The shop says what the whole cart is worth when it is shown; before that it is what was put in.
    coalesce(
        max(currency) filter (where value_rank = 1 and event_name not in ('add_to_cart', 'remove_from_cart')),
        max(currency) filter (where add_rank = 1)
    ) as currency,
    cast(
        greatest(
            coalesce(
                max(value_amount) filter (where value_rank = 1 and event_name not in ('add_to_cart', 'remove_from_cart')),
                sum(case event_name when 'add_to_cart' then line_amount when 'remove_from_cart' then -line_amount end),
                0
            ),
            0
        ) as decimal(18, 4)
    ) as filled_amount,
    max(shipping_amount) as shipping_amount,
    bool_or(event_name = 'begin_checkout') as has_checkout,
    bool_or(event_name = 'add_shipping_info') as has_shipping,
    bool_or(event_name = 'add_payment_info') as has_payment
from ranked_steps
group by 1
