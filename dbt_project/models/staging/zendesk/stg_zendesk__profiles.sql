-- One row per desk user: people who write in, and staff (agents and admins).
with users as (
    {{ deduplicate('zendesk', 'users') }}
),

regions as (
    select * from {{ ref('regions') }}
),

profiles as (
    select
        'zendesk:user:' || cast(users.id as string) as node_id,
        'zendesk' as system,
        'user' as profile_kind,
        cast(users.id as string) as profile_ref,
        cast(null as string) as account_ref,
        cast(null as string) as first_name,
        cast(null as string) as last_name,
        users.name as full_name,
        users.email,
        cast(null as boolean) as is_email_verified,
        users.phone,
        cast(null as date) as birth_date,
        cast(null as string) as gender,
        nullif(lower(substr(users.locale, 1, 2)), '') as language,
        cast(null as string) as address_line,
        cast(null as string) as city,
        cast(null as string) as postal_code,
        regions.country_code,
        regions.region,
        cast(null as string) as company_name,
        cast(null as string) as job_title,
        cast(null as string) as income_band,
        cast(null as string) as education,
        cast(null as string) as occupation,
        cast(null as integer) as n_children,
        cast(null as integer) as household_size,
        cast(null as boolean) as is_home_owner,
        users.role in ('agent', 'admin') as is_staff,
        users.organization_id is not null as is_business,
        users.created_at as recorded_at,
        users.updated_at
    from users
    left join regions
        on
            regions.system = 'zendesk'
            and regions.source_value = lower(trim({{ json_text('users.user_fields', 'region') }}))
)

select * from profiles
