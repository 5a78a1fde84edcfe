-- One row per buyer record (account or guest order), identifier type and value it showed.
with customers as (
    select * from {{ ref('base_shopify__customers') }}
),

orders as (
    select * from {{ ref('base_shopify__orders') }}
),

cards as (
    select
        node_id,
        address.country_code as country_code,
        field.value as raw_value,
        created_at
    from customers
    {{ unnest_array('fields', 'field') }}
    where field.namespace = 'loyalty' and field.key = 'card'
),

found as (
    select
        node_id,
        'shop_customer' as identifier_type,
        cast(id as string) as raw_value,
        address.country_code as country_code,
        created_at as observed_at
    from customers
    union all
    select
        node_id,
        'email' as identifier_type,
        email as raw_value,
        address.country_code as country_code,
        created_at as observed_at
    from customers
    union all
    select
        node_id,
        'phone' as identifier_type,
        phone as raw_value,
        address.country_code as country_code,
        created_at as observed_at
    from customers
    union all
    select
        node_id,
        'phone' as identifier_type,
        address.phone as raw_value,
        address.country_code as country_code,
        created_at as observed_at
    from customers
    union all
    select
        node_id,
        'loyalty_card' as identifier_type,
        raw_value,
        country_code,
        created_at as observed_at
    from cards
    union all
    select
        node_id,
        'email' as identifier_type,
        email as raw_value,
        buyer_country_code as country_code,
        created_at as observed_at
    from orders
    union all
    select
        node_id,
        'phone' as identifier_type,
        phone as raw_value,
        buyer_country_code as country_code,
        created_at as observed_at
    from orders
    union all
    select
        node_id,
        'phone' as identifier_type,
        billing.phone as raw_value,
        buyer_country_code as country_code,
        created_at as observed_at
    from orders
    where customer_ref is null
    union all
    select
        node_id,
        'order_name' as identifier_type,
        name as raw_value,
        buyer_country_code as country_code,
        created_at as observed_at
    from orders
),

identifiers as (
    {{ distinct_identifiers('shopify', 'found') }}
)

select * from identifiers
