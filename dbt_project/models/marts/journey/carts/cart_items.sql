-- One row per cart episode and product put in, until the cart was left, with the highest price it was shown for.
with steps as (
    select * from {{ ref('cart_steps') }}
)

select
    episode,
    product_id,
    product_line,
    min(event_at) as added_at,
    max(currency) as currency,
    cast(max(line_amount / nullif(quantity, 0)) as decimal(18, 4)) as unit_price_amount
from steps
where
    event_name = 'add_to_cart'
    and product_id is not null
group by 1, 2, 3
