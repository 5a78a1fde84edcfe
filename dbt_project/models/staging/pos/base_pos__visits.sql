-- One row per store visit or scan, with the record it shows: the loyalty card, else the app instance, else none.
with visits as (
    {{ deduplicate('pos', 'visits') }}
),

stores as (
    {{ deduplicate('pos', 'stores') }}
),

regions as (
    select * from {{ ref('regions') }}
),

placed as (
    select
        visits.visit_id,
        visits.store_id,
        visits.visited_at,
        visits.kind,
        nullif(trim(visits.loyalty_card), '') as loyalty_card,
        nullif(trim(visits.device_id), '') as device_id,
        nullif(trim(visits.sku), '') as sku,
        nullif(trim(visits.product_line), '') as product_line,
        visits._loaded_at,
        stores.country_code,
        coalesce(regions.region, stores.region) as region
    from visits
    left join stores
        on stores.store_id = visits.store_id
    left join regions
        on regions.system = 'pos' and regions.source_value = lower(trim(stores.region))
),

seen as (
    select
        *,
        case
            when loyalty_card is not null then 'pos:loyalty:' || loyalty_card
            when device_id is not null then 'pos:device:' || device_id
        end as node_id
    from placed
)

select * from seen
