-- One row per refunded line, or refund of which the source names no line or order.
with refunds as (
    select * from {{ ref('int_refunds') }}
),

orders as (
    select
        system,
        order_ref,
        node_id,
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

rates as (
    select * from {{ ref('dim_fx_rates') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

dated as (
    select
        refunds.*,
        orders.order_ref is not null as has_order,
        coalesce(refunds.node_id, orders.node_id) as buyer_node_id,
        coalesce(refunds.channel, orders.channel) as refund_channel,
        coalesce(refunds.region, orders.region) as refund_region,
        {{ date_in_zone('refunds.refunded_at', 'run_settings.reporting_time_zone') }} as refund_date,
        run_settings.reporting_currency
    from refunds
    cross join run_settings
    left join orders
        on
            refunds.system = orders.system
            and refunds.order_ref = orders.order_ref
)

select
    dated.system || ':' || dated.refund_ref as refund_id,
    case when dated.has_order then dated.system || ':' || dated.order_ref end as order_id,
    case when dated.line_ref is not null then dated.system || ':' || dated.line_ref end as order_line_id,
    identity_map.customer_id,
    dated.buyer_node_id as node_id,
    dated.product_ref as product_id,
    dated.refunded_at,
    dated.refund_date,
    dated.quantity,
    dated.amount,
    dated.currency,
    {{ in_reporting_currency('dated.amount', "case when dated.currency = dated.reporting_currency then 1.0e0 else rates.fx_rate end") }}
        as amount_reporting,
    dated.reason,
    dated.refund_channel as channel,
    dated.refund_region as region,
    dated._loaded_at
from dated
left join identity_map on dated.buyer_node_id = identity_map.node_id
left join rates
    on
        dated.currency = rates.currency
        and dated.refund_date = rates.rate_date
