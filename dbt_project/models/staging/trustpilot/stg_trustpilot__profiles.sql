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
        cast(null as string) as account_ref,
        cast(null as string) as first_name,
        cast(null as string) as last_name,
        consumer_name as full_name,
        consumer_email as email,
        cast(null as boolean) as is_email_verified,
        cast(null as string) as phone,
        cast(null as date) as birth_date,
        cast(null as string) as gender,
        cast(null as string) as language,
        cast(null as string) as address_line,
        cast(null as string) as city,
        cast(null as string) as postal_code,
        country_code,
        region,
        cast(null as string) as company_name,
        cast(null as string) as job_title,
        cast(null as string) as income_band,
        cast(null as string) as education,
        cast(null as string) as occupation,
        cast(null as integer) as n_children,
        cast(null as integer) as household_size,
        cast(null as boolean) as is_home_owner,
        false as is_staff,
        false as is_business,
        created_at as recorded_at,
        updated_at
    from reviews
)

select * from profiles
