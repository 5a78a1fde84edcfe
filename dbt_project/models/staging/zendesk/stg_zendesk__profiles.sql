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
        users.name as full_name,
        users.email,
        users.phone,
        nullif(lower(substr(users.locale, 1, 2)), '') as language,
        regions.country_code,
        regions.region,
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
