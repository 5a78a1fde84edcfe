-- One row per account (B2B): the companies of the systems that are one account, and companies known only by their name.
with accounts as (
    select
        account_ref,
        industry,
        business_type,
        n_employees,
        annual_revenue_amount,
        currency,
        is_public,
        founded_year,
        country_code,
        region
    from {{ ref('int_accounts') }}
),

deals as (
    select * from {{ ref('int_deals') }}
),

account_map as (
    select
        account_ref,
        account_id,
        system,
        name,
        recorded_at
    from {{ ref('int_identity__accounts') }}
    where account_id is not null
),

customers as (
    select
        customer_id,
        account_id,
        survivor_rank
    from {{ ref('bridge_customer_accounts') }}
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

-- The record that gave the account its id comes first.
ranked as (
    select
        account_map.account_id,
        account_map.system,
        account_map.name,
        accounts.industry,
        accounts.business_type,
        accounts.n_employees,
        accounts.annual_revenue_amount,
        accounts.currency,
        accounts.is_public,
        accounts.founded_year,
        accounts.country_code,
        accounts.region,
        row_number() over (
            partition by account_map.account_id
            order by
                case when account_map.account_ref = account_map.account_id then 0 else 1 end,
                account_map.recorded_at asc nulls last,
                account_map.account_ref
        ) as record_rank
    from account_map
    left join accounts on account_map.account_ref = accounts.account_ref
),

-- Each fact from the first record that has it; amount and currency from one record, and country and region.
companies as (
    select
        account_id,
        min_by(system, record_rank) as system,
        {{ text_agg('system') }} as systems,
        count(*) as n_source_accounts,
        min_by(name, record_rank) filter (where name is not null) as name,
        min_by(industry, record_rank) filter (where industry is not null) as industry,
        min_by(business_type, record_rank) filter (where business_type is not null) as business_type,
        min_by(n_employees, record_rank) filter (where n_employees is not null) as n_employees,
        min_by(annual_revenue_amount, record_rank) filter (where annual_revenue_amount is not null and currency is not null)
            as annual_revenue_amount,
        min_by(currency, record_rank) filter (where annual_revenue_amount is not null and currency is not null) as currency,
        min_by(is_public, record_rank) filter (where is_public is not null) as is_public,
        min_by(founded_year, record_rank) filter (where founded_year is not null) as founded_year,
        min_by(country_code, record_rank) filter (where country_code is not null) as country_code,
        nullif(min_by(coalesce(region, ''), record_rank) filter (where country_code is not null), '') as region
    from ranked
    group by 1
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
    left join customers
        on
            orders.customer_id = customers.customer_id
            and customers.survivor_rank = 1
    where
        orders.is_valid
        and orders.ordered_at < run_settings.as_of
        and coalesce(orders.account_id, customers.account_id) is not null
    group by 1
),

account_deals as (
    select
        account_map.account_id,
        count(*) filter (where not deals.is_closed or deals.closed_at >= run_settings.as_of) as n_open_deals,
        sum({{ in_reporting_currency(
            'deals.amount', "case when deals.currency = run_settings.reporting_currency then 1.0e0 else rates.fx_rate end"
        ) }}) filter (where deals.is_won and deals.closed_at < run_settings.as_of) as won_amount_reporting
    from deals
    inner join account_map on deals.account_ref = account_map.account_ref
    cross join run_settings
    left join rates
        on
            deals.currency = rates.currency
            and {{ date_in_zone('coalesce(deals.closed_at, deals.opened_at)', 'run_settings.reporting_time_zone') }} = rates.rate_date
    where deals.opened_at < run_settings.as_of
    group by 1
)

select
    companies.account_id,
    companies.system,
    companies.systems,
    companies.n_source_accounts,
    companies.name,
    companies.industry,
    companies.business_type,
    companies.n_employees,
    case
        when companies.n_employees is null then 'unknown'
        when companies.n_employees < 10 then '1-9'
        when companies.n_employees < 50 then '10-49'
        when companies.n_employees < 250 then '50-249'
        else '250 and over'
    end as employee_band,
    {{ in_reporting_currency(
        'companies.annual_revenue_amount',
        "case when companies.currency = run_settings.reporting_currency then 1.0e0 else rates.fx_rate end"
    ) }} as annual_revenue_amount_reporting,
    companies.is_public,
    companies.founded_year,
    companies.country_code,
    companies.region,
    coalesce(contact_counts.n_contacts, 0) as n_contacts,
    coalesce(account_orders.n_orders, 0) as n_orders,
    cast(coalesce(account_orders.net_amount_reporting, 0) as decimal(18, 4)) as net_amount_reporting,
    coalesce(account_deals.n_open_deals, 0) as n_open_deals,
    cast(coalesce(account_deals.won_amount_reporting, 0) as decimal(18, 4)) as won_amount_reporting
from companies
cross join run_settings
left join contact_counts on companies.account_id = contact_counts.account_id
left join account_orders on companies.account_id = account_orders.account_id
left join account_deals on companies.account_id = account_deals.account_id
left join rates
    on
        companies.currency = rates.currency
        and run_settings.as_of_date = rates.rate_date
