-- One row per review author, identifier type and value: e-mail and the order an invited review names.
with reviews as (
    select * from {{ ref('base_trustpilot__reviews') }}
),

found as (
    select
        node_id,
        'email' as identifier_type,
        consumer_email as raw_value,
        country_code,
        created_at as observed_at
    from reviews
    union all
    select
        node_id,
        'order_name' as identifier_type,
        reference_id as raw_value,
        country_code,
        created_at as observed_at
    from reviews
),

identifiers as (
    {{ distinct_identifiers('trustpilot', 'found') }}
)

select * from identifiers
