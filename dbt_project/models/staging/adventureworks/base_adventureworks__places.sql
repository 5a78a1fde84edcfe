-- One row per state or province, with its country and the sales region that serves it.
with state_provinces as (
    {{ deduplicate('adventureworks', 'state_provinces') }}
),

territories as (
    select * from {{ ref('base_adventureworks__territories') }}
),

final as (
    select
        state_provinces.state_province_id,
        trim(state_provinces.state_province_code) as state_province_code,
        state_provinces.country_region_code as country_code,
        territories.region
    from state_provinces
    left join territories
        on state_provinces.territory_id = territories.sales_territory_key
)

select * from final
