-- One row per person and division bought from in the 365 days to as_of: what was paid, and what the same goods usually cost then.
with run_settings as (
    select as_of from {{ source('run', 'run_settings') }}
),

order_lines as (
    select
        lines.order_line_id,
        lines.customer_id,
        lines.product_id,
        coalesce(lines.division, 'unknown') as division,
        lines.currency,
        cast(date_trunc('quarter', lines.order_date) as date) as quarter_start,
        cast(lines.quantity as double) as quantity,
        cast(lines.net_amount as double) / lines.quantity as paid_price,
        cast(lines.unit_price_amount as double) as asked_price,
        lines.net_amount_reporting,
        orders.fx_rate
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('fct_orders') }} as orders on lines.order_id = orders.order_id
    cross join run_settings
    where
        lines.is_valid
        and lines.customer_id is not null
        and lines.ordered_at >= run_settings.as_of - interval 365 day
        and lines.ordered_at < run_settings.as_of
),

comparable_lines as (
    select *
    from order_lines
    where
        product_id is not null
        and quantity > 0
        and paid_price >= 0
        and asked_price > 0
        and fx_rate is not null
),

usual_prices as (
    select
        product_id,
        currency,
        quarter_start,
        count(distinct customer_id) as n_customers,
        percentile_cont(0.5) within group (order by paid_price) as usual_price
    from comparable_lines
    group by 1, 2, 3
),

compared as (
    select
        comparable_lines.order_line_id,
        comparable_lines.quantity * comparable_lines.paid_price * comparable_lines.fx_rate as paid_amount,
        comparable_lines.quantity * comparable_lines.asked_price * comparable_lines.fx_rate as asked_amount,
        comparable_lines.quantity * usual_prices.usual_price * comparable_lines.fx_rate as usual_amount
    from comparable_lines
    inner join usual_prices
        on
            comparable_lines.product_id = usual_prices.product_id
            and comparable_lines.currency = usual_prices.currency
            and comparable_lines.quarter_start = usual_prices.quarter_start
    -- What only one person bought has no price but theirs.
    where
        usual_prices.n_customers > 1
        and usual_prices.usual_price > 0
)

select
    order_lines.customer_id,
    order_lines.division,
    cast(sum(order_lines.net_amount_reporting) as decimal(18, 4)) as net_amount_reporting,
    count(compared.order_line_id) as n_lines,
    coalesce(sum(compared.paid_amount), 0) as paid_amount_reporting,
    coalesce(sum(compared.asked_amount), 0) as asked_amount_reporting,
    coalesce(sum(compared.usual_amount), 0) as usual_amount_reporting,
    coalesce(sum(abs(compared.paid_amount - compared.usual_amount)), 0) as off_usual_amount_reporting
from order_lines
left join compared on order_lines.order_line_id = compared.order_line_id
group by 1, 2
