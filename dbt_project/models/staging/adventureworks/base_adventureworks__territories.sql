-- One row per sales territory, with its region and ISO country from the seed.
with territories as (
    {{ deduplicate('adventureworks', 'territories') }}
),

regions as (
    select * from {{ ref('regions') }} where system = 'adventureworks'
),

final as (
    select
        territories.sales_territory_key,
        regions.region,
        regions.country_code
    from territories
    left join regions
        on lower(trim(territories.region)) = regions.source_value
)

select * from final
