-- One row per till record (card, receipt, app instance, employee), identifier type and value.
with receipts as (
    select * from {{ ref('base_pos__receipts') }}
    where node_id is not null
),

visits as (
    select * from {{ ref('base_pos__visits') }}
    where node_id is not null
),

staff as (
    {{ deduplicate('pos', 'staff') }}
),

found as (
    {% for type, column in [
        ('loyalty_card', 'loyalty_card'), ('email', 'customer_email'), ('phone', 'customer_phone'), ('order_name', 'receipt_no'),
    ] -%}
    select
        node_id,
        '{{ type }}' as identifier_type,
        {{ column }} as raw_value,
        country_code,
        sold_at as observed_at
    from receipts
    union all
    {% endfor -%}
    {% for type, column in [('loyalty_card', 'loyalty_card'), ('device', 'device_id')] -%}
    select
        node_id,
        '{{ type }}' as identifier_type,
        {{ column }} as raw_value,
        country_code,
        visited_at as observed_at
    from visits
    union all
    {% endfor -%}
    {% for type in ['loyalty_card', 'email'] -%}
    select
        'pos:staff:' || staff_id as node_id,
        '{{ type }}' as identifier_type,
        {{ type }} as raw_value,
        cast(null as string) as country_code,
        cast(hired_on as timestamp) as observed_at
    from staff
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

identifiers as (
    {{ distinct_identifiers('pos', 'found') }}
)

select * from identifiers
