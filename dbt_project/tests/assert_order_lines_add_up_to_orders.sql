-- Law: the lines of an order add up to its gross amount less discount, within a cent. Orders without lines in the source are left out.
with line_sums as (
    select
        order_id,
        sum(net_amount) as net_amount
    from {{ ref('fct_order_lines') }}
    group by 1
)

select
    orders.order_id,
    orders.gross_amount - orders.discount_amount as order_amount,
    line_sums.net_amount as lines_amount
from {{ ref('fct_orders') }} as orders
inner join line_sums on orders.order_id = line_sums.order_id
where abs(orders.gross_amount - orders.discount_amount - line_sums.net_amount) > 0.01
