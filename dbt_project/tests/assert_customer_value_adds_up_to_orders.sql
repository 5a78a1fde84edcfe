-- Law: what the persons are worth adds up to the valid orders of known persons less refunds that name no order.
with persons as (
    select
        sum(net_amount_reporting) as net_amount,
        sum(n_orders) as n_orders
    from {{ ref('dim_customers') }}
),

orders as (
    select
        coalesce(sum(orders.net_amount_reporting), 0) as net_amount,
        count(*) as n_orders
    from {{ ref('fct_orders') }} as orders
    cross join {{ source('run', 'run_settings') }} as run_settings
    where
        orders.is_valid
        and orders.customer_id is not null
        and orders.ordered_at < run_settings.as_of
),

loose_refunds as (
    select coalesce(sum(refunds.amount_reporting), 0) as amount
    from {{ ref('fct_refunds') }} as refunds
    cross join {{ source('run', 'run_settings') }} as run_settings
    where
        refunds.order_id is null
        and refunds.customer_id is not null
        and refunds.refunded_at < run_settings.as_of
)

select
    persons.net_amount as persons_amount,
    orders.net_amount - loose_refunds.amount as orders_amount
from persons
cross join orders
cross join loose_refunds
where
    coalesce(abs(persons.net_amount - (orders.net_amount - loose_refunds.amount)) > 0.01, false)
    or persons.n_orders <> orders.n_orders
