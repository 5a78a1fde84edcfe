-- One row per account (B2B).
with accounts as (
    select * from {{ ref('int_accounts') }}
),

deals as (
    select * from {{ ref('int_deals') }}
),

customers as (
    select
        customer_id,
        account_id
    from {{ ref('dim_customers') }}
    where account_id is not null
),

orders as (
    select
        order_id,
        account_id,
        customer_id,
        ordered_at,
        is_valid,
        net_amount_reporting
    from {{ ref('fct_orders') }}
),

rates as (
    select * from {{ ref('dim_fx_rates') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

contact_counts as (
    select
        account_id,
        count(*) as n_contacts
    from customers
    group by 1
),

account_orders as (
    select
        coalesce(orders.account_id, customers.account_id) as account_id,
        count(*) as n_orders,
        sum(orders.net_amount_reporting) as net_amount_reporting
    from orders
    cross join run_settings
    left join customers on orders.customer_id = customers.customer_id
    where
        orders.is_valid
        and orders.ordered_at < run_settings.as_of
        and coalesce(orders.account_id, customers.account_id) is not null
    group by 1
),

account_deals as (
    select
        deals.account_ref,
        count(*) filter (where not deals.is_closed or deals.closed_at >= run_settings.as_of) as n_open_deals,
        sum({{ in_reporting_currency(
            'deals.amount', "case when deals.currency = run_settings.reporting_currency then 1.0e0 else rates.fx_rate end"
        ) }}) filter (where deals.is_won and deals.closed_at < run_settings.as_of) as won_amount_reporting
    from deals
    cross join run_settings
    left join rates
        on
            deals.currency = rates.currency
            and {{ date_in_zone('coalesce(deals.closed_at, deals.opened_at)', 'run_settings.reporting_time_zone') }} = rates.rate_date
    where deals.opened_at < run_settings.as_of
    group by 1
)

select
    accounts.account_ref as account_id,
    accounts.system,
    accounts.account_ref,
    accounts.name,
    accounts.industry,
    accounts.business_type,
    accounts.n_employees,
    case
        when accounts.n_employees is null then 'unknown'
        when accounts.n_employees < 10 then '1-9'
        when accounts.n_employees < 50 then '10-49'
        when accounts.n_employees < 250 then '50-249'
        else '250 and over'
    end as employee_band,
    {{ in_reporting_currency(
        'accounts.annual_revenue_amount',
        "case when accounts.currency = run_settings.reporting_currency then 1.0e0 else rates.fx_rate end"
    ) }} as annual_revenue_amount_reporting,
    accounts.is_public,
    accounts.founded_year,
    accounts.country_code,
    accounts.region,
    coalesce(contact_counts.n_contacts, 0) as n_contacts,
    coalesce(account_orders.n_orders, 0) as n_orders,
    cast(coalesce(account_orders.net_amount_reporting, 0) as decimal(18, 4)) as net_amount_reporting,
    coalesce(account_deals.n_open_deals, 0) as n_open_deals,
    cast(coalesce(account_deals.won_amount_reporting, 0) as decimal(18, 4)) as won_amount_reporting
from accounts
cross join run_settings
left join contact_counts on accounts.account_ref = contact_counts.account_id
left join account_orders on accounts.account_ref = account_orders.account_id
left join account_deals on accounts.account_ref = account_deals.account_ref
left join rates
    on
        accounts.currency = rates.currency
        and run_settings.as_of_date = rates.rate_date
