-- One row per order line.
with lines as (
    select * from {{ ref('int_order_lines') }}
),

orders as (
    select
        system,
        order_ref,
        node_id,
        ordered_at,
        status,
        channel,
        region
    from {{ ref('int_orders') }}
),

identity_map as (
    select
        node_id,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

rates as (
    select * from {{ ref('dim_fx_rates') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

line_refunds as (
    select
        refunds.order_line_id,
        sum(refunds.amount) as amount,
        sum(refunds.quantity) as quantity
    from {{ ref('fct_refunds') }} as refunds
    cross join run_settings
    where
        refunds.order_line_id is not null
        and refunds.refunded_at < run_settings.as_of
    group by 1
),

dated as (
    select
        lines.system || ':' || lines.line_ref as order_line_id,
        lines.*,
        orders.node_id,
        orders.ordered_at,
        orders.status,
        orders.channel,
        orders.region,
        {{ date_in_zone('orders.ordered_at', 'run_settings.reporting_time_zone') }} as order_date,
        run_settings.reporting_currency
    from lines
    cross join run_settings
    inner join orders
        on
            lines.system = orders.system
            and lines.order_ref = orders.order_ref
),

priced as (
    select
        dated.*,
        identity_map.customer_id,
        products.product_line,
        products.division,
        products.unit_cost_amount,
        coalesce(line_refunds.amount, 0) as refund_amount,
        greatest(dated.quantity - coalesce(line_refunds.quantity, 0), 0) as units_kept,
        case when dated.currency = dated.reporting_currency then 1.0e0 else rates.fx_rate end as fx_rate,
        case when products.currency = dated.reporting_currency then 1.0e0 else cost_rates.fx_rate end as cost_fx_rate
    from dated
    left join identity_map on dated.node_id = identity_map.node_id
    left join products on dated.product_ref = products.product_id
    left join line_refunds on dated.order_line_id = line_refunds.order_line_id
    left join rates
        on
            dated.currency = rates.currency
            and dated.order_date = rates.rate_date
    left join rates as cost_rates
        on
            products.currency = cost_rates.currency
            and dated.order_date = cost_rates.rate_date
)

select
    order_line_id,
    system || ':' || order_ref as order_id,
    customer_id,
    ordered_at,
    order_date,
    status <> 'cancelled' as is_valid,
    product_ref as product_id,
    product_line,
    division,
    region,
    channel,
    quantity,
    unit_price_amount,
    discount_amount,
    net_amount,
    cast(refund_amount as decimal(18, 4)) as refund_amount,
    currency,
    case
        when status = 'cancelled' then cast(0 as decimal(18, 4))
        else {{ in_reporting_currency('(net_amount - refund_amount)', 'fx_rate') }}
    end as net_amount_reporting,
    case
        when status = 'cancelled' then cast(0 as decimal(18, 4))
        when unit_cost_amount is not null
            then cast(
                {{ in_reporting_currency('(net_amount - refund_amount)', 'fx_rate') }}
                - {{ in_reporting_currency('(unit_cost_amount * units_kept)', 'cost_fx_rate') }}
                as decimal(18, 4)
            )
    end as margin_amount_reporting
from priced
