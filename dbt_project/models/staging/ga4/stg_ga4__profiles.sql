-- One row per device and one per login; the place is the one with most events.
with visitors as (
    select * from {{ ref('base_ga4__visitors') }}
),

seen as (
    select
        'device' as profile_kind,
        device_ref as profile_ref,
        country_code,
        region,
        n_events,
        first_seen_at,
        last_seen_at
    from visitors
    union all
    select
        'login' as profile_kind,
        login_ref as profile_ref,
        country_code,
        region,
        n_events,
        first_seen_at,
        last_seen_at
    from visitors
    where login_ref is not null
),

places as (
    select
        profile_kind,
        profile_ref,
        country_code,
        region,
        min(min(first_seen_at)) over (partition by profile_kind, profile_ref) as recorded_at,
        max(max(last_seen_at)) over (partition by profile_kind, profile_ref) as updated_at,
        row_number() over (
            partition by profile_kind, profile_ref
            order by sum(n_events) desc, country_code asc nulls last
        ) as place_rank
    from seen
    group by profile_kind, profile_ref, country_code, region
),

profiles as (
    select
        'ga4:' || profile_kind || ':' || profile_ref as node_id,
        'ga4' as system,
        profile_kind,
        profile_ref,
        country_code,
        region,
        false as is_staff,
        false as is_business,
        recorded_at,
        updated_at
    from places
    where place_rank = 1
)

select * from profiles
