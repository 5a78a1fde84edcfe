-- One row per review.
with reviews as (
    select * from {{ ref('base_trustpilot__reviews') }}
),

staged as (
    select
        'trustpilot' as system,
        review_id as review_ref,
        node_id,
        review_type,
        created_at as posted_at,
        stars,
        title,
        text as body,
        nullif(lower(substr(language, 1, 2)), '') as vendor_language,
        nullif(trim(sku), '') as product_ref,
        nullif(trim(reference_id), '') as order_name,
        region,
        is_verified,
        company_replied_at as replied_at,
        _loaded_at
    from reviews
)

select * from staged
