-- One row per recipient, with the address of the last message.
with messages as (
    select * from {{ ref('base_klaviyo__messages') }}
),

recipients as (
    select
        node_id,
        profile_id,
        max_by(email, cast(touched_at as string) || email) filter (where email <> '') as email,
        min(touched_at) as recorded_at,
        max(touched_at) as updated_at
    from messages
    group by node_id, profile_id
),

profiles as (
    select
        node_id,
        'klaviyo' as system,
        'profile' as profile_kind,
        profile_id as profile_ref,
        cast(null as string) as account_ref,
        cast(null as string) as first_name,
        cast(null as string) as last_name,
        cast(null as string) as full_name,
        email,
        cast(null as boolean) as is_email_verified,
        cast(null as string) as phone,
        cast(null as date) as birth_date,
        cast(null as string) as gender,
        cast(null as string) as language,
        cast(null as string) as address_line,
        cast(null as string) as city,
        cast(null as string) as postal_code,
        cast(null as string) as country_code,
        cast(null as string) as region,
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
        recorded_at,
        updated_at
    from recipients
)

select * from profiles
