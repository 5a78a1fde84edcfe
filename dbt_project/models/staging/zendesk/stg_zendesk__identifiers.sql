-- One row per desk user, identifier type and value; the order numbers are those named on the user's tickets.
with users as (
    {{ deduplicate('zendesk', 'users') }}
),

profiles as (
    select * from {{ ref('stg_zendesk__profiles') }}
),

tickets as (
    select * from {{ ref('base_zendesk__tickets') }}
),

found as (
    select
        node_id,
        'email' as identifier_type,
        email as raw_value,
        country_code,
        recorded_at as observed_at
    from profiles
    union all
    select
        node_id,
        'phone' as identifier_type,
        phone as raw_value,
        country_code,
        recorded_at as observed_at
    from profiles
    union all
    select
        'zendesk:user:' || cast(id as string) as node_id,
        'shop_customer' as identifier_type,
        external_id as raw_value,
        cast(null as string) as country_code,
        created_at as observed_at
    from users
    union all
    select
        'zendesk:user:' || cast(id as string) as node_id,
        'loyalty_card' as identifier_type,
        {{ json_text('user_fields', 'loyalty_card') }} as raw_value,
        cast(null as string) as country_code,
        created_at as observed_at
    from users
    union all
    select
        node_id,
        'order_name' as identifier_type,
        order_name as raw_value,
        cast(null as string) as country_code,
        created_at as observed_at
    from tickets
),

identifiers as (
    {{ distinct_identifiers('zendesk', 'found') }}
)

select * from identifiers
