-- One row per cart episode and product put in, until the cart was left.
with steps as (
    select * from {{ ref('cart_steps') }}
)

select
    episode,
    product_id,
    product_line
from steps
where
    event_name = 'add_to_cart'
    and product_id is not null
group by 1, 2, 3
