-- One row per recipient and address a message went to.
with messages as (
    select * from {{ ref('base_klaviyo__messages') }}
),

found as (
    select
        node_id,
        'email' as identifier_type,
        email as raw_value,
        cast(null as string) as country_code,
        touched_at as observed_at
    from messages
),

identifiers as (
    {{ distinct_identifiers('klaviyo', 'found') }}
)

select * from identifiers
