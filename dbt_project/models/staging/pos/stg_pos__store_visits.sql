-- One row per store visit or scan.
with visits as (
    select * from {{ ref('base_pos__visits') }}
),

staged as (
    select
        'pos' as system,
        visit_id as visit_ref,
        node_id,
        store_id as store_ref,
        region,
        visited_at,
        kind as visit_type,
        sku as product_ref,
        product_line,
        _loaded_at
    from visits
)

select * from staged
