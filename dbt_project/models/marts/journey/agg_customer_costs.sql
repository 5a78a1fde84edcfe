-- One row per person who cost something in the 365 days to as_of: contacts, returns, parcels below their cost, campaigns.
with run_settings as (
    select
        as_of,
        as_of_date,
        reporting_currency
    from {{ source('run', 'run_settings') }}
),

rates as (
    select * from {{ ref('dim_fx_rates') }}
),

costs as (
    select
        service_costs.cost_item,
        service_costs.method,
        cast(service_costs.cost_amount as double)
        * case when service_costs.currency = run_settings.reporting_currency then 1.0e0 else rates.fx_rate end as cost_amount_reporting
    from {{ ref('service_costs') }} as service_costs
    cross join run_settings
    left join rates
        on
            service_costs.currency = rates.currency
            and run_settings.as_of_date = rates.rate_date
),

orders as (
    select
        order_id,
        customer_id,
        ordered_at,
        order_date,
        shipping_method,
        shipping_amount,
        fx_rate
    from {{ ref('fct_orders') }}
    where
        is_valid
        and customer_id is not null
),

first_orders as (
    select
        customer_id,
        min(ordered_at) as first_order_at
    from orders
    group by 1
),

contacts as (
    select
        tickets.customer_id,
        'contact' as cost_kind,
        coalesce(own.cost_amount_reporting, other.cost_amount_reporting) as amount
    from {{ ref('fct_tickets') }} as tickets
    cross join run_settings
    left join costs as own
        on
            tickets.channel = own.method
            and own.cost_item = 'contact'
    left join costs as other
        on
            other.cost_item = 'contact'
            and other.method = 'other'
    where
        tickets.opened_at >= run_settings.as_of - interval 365 day
        and tickets.opened_at < run_settings.as_of
),

-- However many lines of an order come back, it is one parcel back.
returned_orders as (
    select distinct
        refunds.customer_id,
        coalesce(refunds.order_id, refunds.refund_id) as order_id
    from {{ ref('fct_refunds') }} as refunds
    cross join run_settings
    where
        refunds.refunded_at >= run_settings.as_of - interval 365 day
        and refunds.refunded_at < run_settings.as_of
),

returns as (
    select
        returned_orders.customer_id,
        'return' as cost_kind,
        costs.cost_amount_reporting as amount
    from returned_orders
    inner join costs on costs.cost_item = 'return'
),

parcels as (
    select
        orders.customer_id,
        'parcel' as cost_kind,
        greatest(costs.cost_amount_reporting - cast(orders.shipping_amount as double) * orders.fx_rate, 0.0e0) as amount
    from orders
    cross join run_settings
    inner join costs
        on
            orders.shipping_method = costs.method
            and costs.cost_item = 'parcel'
    where
        orders.ordered_at >= run_settings.as_of - interval 365 day
        and orders.ordered_at < run_settings.as_of
),

campaigns as (
    select
        touches.customer_id,
        case when first_orders.first_order_at < touches.touched_at then 'retention' else 'acquisition' end as cost_kind,
        touches.cost_amount_reporting as amount
    from {{ ref('fct_campaign_touches') }} as touches
    cross join run_settings
    left join first_orders on touches.customer_id = first_orders.customer_id
    where
        touches.cost_amount_reporting is not null
        and touches.touched_at >= run_settings.as_of - interval 365 day
        and touches.touched_at < run_settings.as_of
),

spent as (
    select * from contacts
    union all
    select * from returns
    union all
    select * from parcels
    union all
    select * from campaigns
)

select
    customer_id,
    count(*) filter (where cost_kind = 'contact') as n_contacts,
    count(*) filter (where cost_kind = 'return') as n_returns,
    count(*) filter (where cost_kind = 'parcel') as n_parcels,
    coalesce(sum(amount) filter (where cost_kind = 'contact'), 0) as contact_cost_reporting,
    coalesce(sum(amount) filter (where cost_kind = 'return'), 0) as return_cost_reporting,
    coalesce(sum(amount) filter (where cost_kind = 'parcel'), 0) as shipping_subsidy_reporting,
    coalesce(sum(amount) filter (where cost_kind = 'acquisition'), 0) as acquisition_cost_reporting,
    coalesce(sum(amount) filter (where cost_kind = 'retention'), 0) as retention_cost_reporting
from spent
where customer_id is not null
group by 1
