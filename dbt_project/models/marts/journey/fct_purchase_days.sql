-- One row per person and day with a valid order: what models of repeat buying count. Several orders of a day are one purchase.
with orders as (
    select
        customer_id,
        order_date,
        ordered_at,
        net_amount_reporting
    from {{ ref('fct_orders') }}
    where
        is_valid
        and customer_id is not null
),

run_settings as (
    select as_of from {{ source('run', 'run_settings') }}
)

select
    orders.customer_id,
    orders.order_date,
    cast(count(*) as bigint) as n_orders,
    cast(sum(orders.net_amount_reporting) as decimal(18, 4)) as net_amount_reporting
from orders
cross join run_settings
where orders.ordered_at < run_settings.as_of
group by 1, 2
