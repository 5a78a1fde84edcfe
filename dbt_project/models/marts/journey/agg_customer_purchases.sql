-- One row per person with a valid order: how the person buys. Shares are of the orders named, null where there are none of them.
with orders as (
    select
        order_id,
        customer_id,
        channel,
        currency,
        order_date,
        shipping_method,
        coupon_code,
        is_agent_assisted,
        gross_amount,
        discount_amount,
        refund_amount,
        fx_rate
    from {{ ref('fct_orders') }}
    where
        is_valid
        and customer_id is not null
),

order_lines as (
    select
        customer_id,
        product_line,
        currency,
        unit_price_amount,
        net_amount_reporting
    from {{ ref('fct_order_lines') }}
    where
        is_valid
        and customer_id is not null
),

thresholds as (
    select * from {{ ref('shipping_thresholds') }}
),

-- The threshold of the order's day: the latest one that held.
order_thresholds as (
    select
        orders.order_id,
        max_by(thresholds.free_shipping_from_amount, thresholds.valid_from) as free_from_amount
    from orders
    inner join thresholds
        on
            orders.currency = thresholds.currency
            and orders.order_date >= thresholds.valid_from
    where orders.channel <> 'store'
    group by 1
),

bought as (
    select
        orders.customer_id,
        count(*) as n_valid_orders,
        count(*) filter (where orders.channel in ('web', 'app')) as n_online_orders,
        count(*) filter (where orders.channel = 'store') as n_store_orders,
        count(*) filter (where orders.is_agent_assisted) as n_agent_orders,
        sum(orders.discount_amount * orders.fx_rate) / nullif(sum(orders.gross_amount * orders.fx_rate), 0) as discount_share,
        avg(case when orders.coupon_code is null then 0.0 else 1.0 end) as coupon_order_share,
        avg(case when orders.refund_amount > 0 then 1.0 else 0.0 end) as returned_order_share,
        avg(
            case when orders.channel = 'store' then null when orders.shipping_method = 'express' then 1.0 else 0.0 end
        ) as express_order_share,
        avg(
            case when orders.channel = 'store' then null when orders.shipping_method = 'pickup' then 1.0 else 0.0 end
        ) as pickup_order_share,
        avg(
            case
                when order_thresholds.free_from_amount is null then null
                when
                    orders.gross_amount - orders.discount_amount between order_thresholds.free_from_amount
                    and 1.1 * order_thresholds.free_from_amount
                    then 1.0
                else 0.0
            end
        ) as top_up_order_share
    from orders
    left join order_thresholds on orders.order_id = order_thresholds.order_id
    group by 1
),

middle_prices as (
    select
        product_line,
        currency,
        percentile_cont(0.5) within group (order by unit_price_amount) as middle_price
    from order_lines
    where unit_price_amount > 0
    group by 1, 2
),

-- The geometric mean: twice the middle price and half of it cancel out.
price_levels as (
    select
        order_lines.customer_id,
        exp(avg(ln(cast(order_lines.unit_price_amount as double) / cast(middle_prices.middle_price as double)))) as price_index
    from order_lines
    inner join middle_prices
        on
            order_lines.product_line = middle_prices.product_line
            and order_lines.currency = middle_prices.currency
    where order_lines.unit_price_amount > 0
    group by 1
),

spent_by_line as (
    select
        customer_id,
        product_line,
        sum(net_amount_reporting) as spent,
        row_number() over (partition by customer_id order by sum(net_amount_reporting) desc, product_line asc) as line_rank,
        sum(sum(net_amount_reporting)) over (partition by customer_id) as spent_in_all
    from order_lines
    where product_line is not null
    group by 1, 2
)

select
    bought.customer_id,
    bought.n_valid_orders,
    bought.n_online_orders,
    bought.n_store_orders,
    bought.n_agent_orders,
    cast(bought.discount_share as double) as discount_share,
    cast(bought.coupon_order_share as double) as coupon_order_share,
    cast(bought.returned_order_share as double) as returned_order_share,
    cast(bought.express_order_share as double) as express_order_share,
    cast(bought.pickup_order_share as double) as pickup_order_share,
    cast(bought.top_up_order_share as double) as top_up_order_share,
    cast(price_levels.price_index as double) as price_index,
    spent_by_line.product_line as main_product_line,
    cast(case when spent_by_line.spent_in_all > 0 then spent_by_line.spent / spent_by_line.spent_in_all end as double) as main_line_share
from bought
left join price_levels on bought.customer_id = price_levels.customer_id
left join spent_by_line
    on
        bought.customer_id = spent_by_line.customer_id
        and spent_by_line.line_rank = 1
