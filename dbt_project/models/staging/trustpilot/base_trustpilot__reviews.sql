-- One row per review of the company or of a product, the last version.
with service_reviews as (
    {{ deduplicate('trustpilot', 'service_reviews') }}
),

product_reviews as (
    {{ deduplicate('trustpilot', 'product_reviews') }}
),

reviews as (
    select
        'service' as review_type,
        review_id,
        created_at,
        updated_at,
        consumer_name,
        consumer_email,
        reference_id,
        cast(null as string) as sku,
        stars,
        title,
        text,
        language,
        country,
        is_verified,
        company_replied_at,
        _loaded_at
    from service_reviews
    union all
    select
        'product' as review_type,
        review_id,
        created_at,
        updated_at,
        consumer_name,
        consumer_email,
        reference_id,
        sku,
        stars,
        cast(null as string) as title,
        text,
        language,
        cast(null as string) as country,
        reference_id <> '' as is_verified,
        cast(null as timestamp) as company_replied_at,
        _loaded_at
    from product_reviews
),

placed as (
    select
        reviews.*,
        'trustpilot:review:' || reviews.review_id as node_id,
        regions.country_code,
        regions.region
    from reviews
    left join {{ ref('regions') }} as regions
        on regions.system = 'trustpilot' and regions.source_value = lower(trim(reviews.country))
)

select * from placed
