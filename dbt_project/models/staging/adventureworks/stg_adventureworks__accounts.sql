-- One row per company: the resellers of the data warehouse, and any store of the order database that is not yet among them.
with resellers as (
    {{ deduplicate('adventureworks', 'resellers') }}
),

geographies as (
    {{ deduplicate('adventureworks', 'geographies') }}
),

territories as (
    select * from {{ ref('base_adventureworks__territories') }}
),

customers as (
    {{ deduplicate('adventureworks', 'oltp_customers') }}
),

stores as (
    {{ deduplicate('adventureworks', 'stores') }}
),

store_accounts as (
    select
        customers.account_number,
        min(trim(stores.name)) as name,
        min(territories.region) as region
    from customers
    inner join stores
        on customers.store_id = stores.business_entity_id
    left join territories
        on customers.territory_id = territories.sales_territory_key
    where customers.person_id is null
    group by customers.account_number
),

final as (
    select
        'adventureworks:' || coalesce(resellers.account_number, store_accounts.account_number) as account_ref,
        'adventureworks' as system,
        coalesce(trim(resellers.reseller_name), store_accounts.name) as name,
        resellers.business_type,
        cast(resellers.number_employees as bigint) as n_employees,
        -- Turnover; the warehouse's annual_revenue is a tenth of it on every row.
        resellers.annual_sales as annual_revenue_amount,
        'USD' as currency,
        resellers.year_opened as founded_year,
        geographies.city,
        geographies.postal_code,
        geographies.country_region_code as country_code,
        coalesce(territories.region, store_accounts.region) as region
    from resellers
    full outer join store_accounts
        on resellers.account_number = store_accounts.account_number
    left join geographies
        on resellers.geography_key = geographies.geography_key
    left join territories
        on geographies.sales_territory_key = territories.sales_territory_key
)

select * from final
