-- One row per device or login, identifier type and value: a login shows its shop customer and every device it was used on.
with visitors as (
    select * from {{ ref('base_ga4__visitors') }}
),

found as (
    select
        'ga4:device:' || device_ref as node_id,
        'device' as identifier_type,
        device_ref as raw_value,
        country_code,
        first_seen_at as observed_at
    from visitors
    union all
    select
        'ga4:login:' || login_ref as node_id,
        'device' as identifier_type,
        device_ref as raw_value,
        country_code,
        first_seen_at as observed_at
    from visitors
    where login_ref is not null
    union all
    select
        'ga4:login:' || login_ref as node_id,
        'shop_customer' as identifier_type,
        login_ref as raw_value,
        country_code,
        first_seen_at as observed_at
    from visitors
    where login_ref is not null
),

identifiers as (
    {{ distinct_identifiers('ga4', 'found') }}
)

select * from identifiers
