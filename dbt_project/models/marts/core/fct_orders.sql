-- One row per order or sale receipt.
with orders as (
    select * from {{ ref('int_orders') }}
),

lines as (
    select * from {{ ref('fct_order_lines') }}
),

identity_map as (
    select
        node_id,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
),

accounts as (
    select
        account_ref,
        account_id
    from {{ ref('int_identity__accounts') }}
),

rates as (
    select * from {{ ref('dim_fx_rates') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

product_lines as (
    select * from {{ ref('product_lines') }}
),

line_values as (
    select
        order_id,
        product_line,
        sum(net_amount) as net_amount,
        count(*) as n_lines,
        sum(quantity) as n_units
    from lines
    group by 1, 2
),

order_sizes as (
    select
        order_id,
        -- Most value wins; equal values go to the first name.
        max_by(product_line, net_amount) filter (where value_rank = 1) as main_product_line,
        sum(n_lines) as n_lines,
        sum(n_units) as n_units
    from (
        select
            *,
            row_number() over (partition by order_id order by net_amount desc, product_line) as value_rank
        from line_values
    ) as ranked
    group by 1
),

order_refunds as (
    select
        refunds.order_id,
        sum(refunds.amount) as amount
    from {{ ref('fct_refunds') }} as refunds
    cross join run_settings
    where
        refunds.order_id is not null
        and refunds.refunded_at < run_settings.as_of
    group by 1
),

dated as (
    select
        orders.system || ':' || orders.order_ref as order_id,
        orders.*,
        identity_map.customer_id,
        accounts.account_id,
        orders.status <> 'cancelled' as is_valid,
        {{ date_in_zone('orders.ordered_at', 'run_settings.reporting_time_zone') }} as order_date,
        run_settings.reporting_currency
    from orders
    cross join run_settings
    left join identity_map on orders.node_id = identity_map.node_id
    left join accounts on orders.account_ref = accounts.account_ref
),

order_numbers as (
    select
        order_id,
        row_number() over (partition by customer_id order by ordered_at, order_id) as customer_order_number
    from dated
    where
        is_valid
        and customer_id is not null
),

priced as (
    select
        dated.*,
        order_numbers.customer_order_number,
        order_sizes.main_product_line,
        coalesce(order_sizes.n_lines, 0) as n_lines,
        coalesce(order_sizes.n_units, 0) as n_units,
        coalesce(order_refunds.amount, 0) as refund_amount,
        case when dated.currency = dated.reporting_currency then 1.0e0 else rates.fx_rate end as fx_rate
    from dated
    left join order_numbers on dated.order_id = order_numbers.order_id
    left join order_sizes on dated.order_id = order_sizes.order_id
    left join order_refunds on dated.order_id = order_refunds.order_id
    left join rates
        on
            dated.currency = rates.currency
            and dated.order_date = rates.rate_date
)

select
    priced.order_id,
    priced.system,
    priced.order_ref,
    priced.order_name,
    priced.customer_id,
    priced.node_id,
    priced.account_id,
    priced.ordered_at,
    priced.order_date,
    priced.channel,
    priced.region,
    priced.store_ref,
    priced.status,
    priced.is_valid,
    priced.customer_order_number,
    coalesce(priced.customer_order_number = 1, false) as is_first_order,
    priced.main_product_line,
    product_lines.division as main_division,
    priced.currency,
    priced.gross_amount,
    priced.discount_amount,
    priced.shipping_amount,
    priced.tax_amount,
    priced.total_amount,
    cast(priced.refund_amount as decimal(18, 4)) as refund_amount,
    cast(priced.gross_amount - priced.discount_amount - priced.refund_amount as decimal(18, 4)) as net_amount,
    cast(priced.fx_rate as double) as fx_rate,
    {{ in_reporting_currency('priced.total_amount', 'priced.fx_rate') }} as total_amount_reporting,
    case
        when priced.is_valid
            then {{ in_reporting_currency('(priced.gross_amount - priced.discount_amount - priced.refund_amount)', 'priced.fx_rate') }}
        else cast(0 as decimal(18, 4))
    end as net_amount_reporting,
    cast(priced.n_lines as bigint) as n_lines,
    cast(priced.n_units as bigint) as n_units,
    priced.coupon_code,
    priced.payment_method,
    priced.shipping_method,
    priced.is_agent_assisted,
    priced.is_guest,
    priced.cart_ref,
    priced.delivery_promised_at,
    priced.delivered_at,
    priced._loaded_at
from priced
left join product_lines on priced.main_product_line = product_lines.product_line
