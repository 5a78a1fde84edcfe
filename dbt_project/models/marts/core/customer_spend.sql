-- What each person ordered, gave back and left as margin up to as_of, in the reporting currency.
{{ config(materialized='view') }}
with orders as (
    select * from {{ ref('fct_orders') }}
),

order_lines as (
    select * from {{ ref('fct_order_lines') }}
),

refunds as (
    select * from {{ ref('fct_refunds') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

order_values as (
    select
        orders.customer_id,
        min(orders.ordered_at) as first_order_at,
        max(orders.ordered_at) as last_order_at,
        count(*) as n_orders,
        count(distinct case when orders.ordered_at >= run_settings.as_of - interval 365 day then orders.order_date end)
            as n_order_days_365d,
        sum({{ in_reporting_currency('orders.gross_amount', 'orders.fx_rate') }}) as gross_amount_reporting,
        sum({{ in_reporting_currency('orders.refund_amount', 'orders.fx_rate') }}) as refund_amount_reporting,
        sum(orders.net_amount_reporting) as net_amount_reporting,
        sum(case when orders.ordered_at >= run_settings.as_of - interval 365 day then orders.net_amount_reporting else 0 end)
            as net_amount_reporting_365d
    from orders
    cross join run_settings
    where
        orders.is_valid
        and orders.customer_id is not null
        and orders.ordered_at < run_settings.as_of
    group by 1
),

-- Refunds whose order the source does not name still lower what the person is worth.
loose_refunds as (
    select
        refunds.customer_id,
        sum(refunds.amount_reporting) as amount_reporting,
        sum(case when refunds.refunded_at >= run_settings.as_of - interval 365 day then refunds.amount_reporting else 0 end)
            as amount_reporting_365d
    from refunds
    cross join run_settings
    where
        refunds.order_id is null
        and refunds.customer_id is not null
        and refunds.refunded_at < run_settings.as_of
    group by 1
),

margins as (
    select
        order_lines.customer_id,
        sum(order_lines.margin_amount_reporting) as margin_amount_reporting
    from order_lines
    cross join run_settings
    where
        order_lines.customer_id is not null
        and order_lines.ordered_at < run_settings.as_of
    group by 1
)

select
    coalesce(order_values.customer_id, loose_refunds.customer_id, margins.customer_id) as customer_id,
    order_values.first_order_at,
    order_values.last_order_at,
    coalesce(order_values.n_orders, 0) as n_orders,
    coalesce(order_values.n_order_days_365d, 0) as n_order_days_365d,
    cast(coalesce(order_values.gross_amount_reporting, 0) as decimal(18, 4)) as gross_amount_reporting,
    cast(coalesce(order_values.refund_amount_reporting, 0) + coalesce(loose_refunds.amount_reporting, 0) as decimal(18, 4))
        as refund_amount_reporting,
    cast(coalesce(order_values.net_amount_reporting, 0) - coalesce(loose_refunds.amount_reporting, 0) as decimal(18, 4))
        as net_amount_reporting,
    cast(
        coalesce(order_values.net_amount_reporting_365d, 0) - coalesce(loose_refunds.amount_reporting_365d, 0) as decimal(18, 4)
    ) as net_amount_reporting_365d,
    cast(margins.margin_amount_reporting as decimal(18, 4)) as margin_amount_reporting
from order_values
full join loose_refunds on order_values.customer_id = loose_refunds.customer_id
full join margins on coalesce(order_values.customer_id, loose_refunds.customer_id) = margins.customer_id
