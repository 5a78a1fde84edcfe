-- One row per review: its author as the review shows them.
with reviews as (
    select * from {{ ref('base_trustpilot__reviews') }}
),

profiles as (
    select
        node_id,
        'trustpilot' as system,
        'reviewer' as profile_kind,
        review_id as profile_ref,
        consumer_name as full_name,
        consumer_email as email,
        country_code,
        region,
        false as is_staff,
        false as is_business,
        created_at as recorded_at,
        updated_at
    from reviews
)

select * from profiles
