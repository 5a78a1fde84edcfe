-- Law: carts of one token never claim the same order twice.
select
    first_cart_ref,
    order_id
from {{ ref('fct_carts') }}
where
    order_id is not null
    and first_cart_ref is not null
group by 1, 2
having count(*) > 1
