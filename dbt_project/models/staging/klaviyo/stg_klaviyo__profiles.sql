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
        email,
        false as is_staff,
        false as is_business,
        recorded_at,
        updated_at
    from recipients
)

select * from profiles
