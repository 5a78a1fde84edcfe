-- One row per CRM company.
with companies as (
    {{ deduplicate('hubspot', 'companies') }}
),

regions as (
    select * from {{ ref('regions') }}
),

accounts as (
    select
        'hubspot:' || cast(companies.hs_object_id as string) as account_ref,
        'hubspot' as system,
        companies.name,
        lower(trim(companies.domain)) as domain,
        companies.industry,
        companies.numberofemployees as n_employees,
        companies.annualrevenue as annual_revenue_amount,
        case when companies.annualrevenue is not null then {{ source_currency('hubspot', 'companies') }} end as currency,
        companies.is_public,
        companies.founded_year,
        companies.web_technologies as technologies,
        'hubspot:' || cast(companies.hs_parent_company_id as string) as parent_account_ref,
        companies.city,
        companies.zip as postal_code,
        regions.country_code,
        regions.region,
        companies.createdate as recorded_at,
        companies.hs_lastmodifieddate as updated_at
    from companies
    left join regions
        on regions.system = 'hubspot' and regions.source_value = lower(trim(companies.country))
)

select * from accounts
