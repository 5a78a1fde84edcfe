-- One row per respondent, identifier type and value; a reference of digits only is a shop customer, any other a loyalty card.
with responses as (
    select * from {{ ref('base_qualtrics__responses') }}
),

found as (
    select
        node_id,
        'email' as identifier_type,
        recipient_email as raw_value,
        country_code,
        recorded_date as observed_at
    from responses
    union all
    select
        node_id,
        case when try_cast(external_reference as bigint) is not null then 'shop_customer' else 'loyalty_card' end as identifier_type,
        external_reference as raw_value,
        country_code,
        recorded_date as observed_at
    from responses
    union all
    select
        node_id,
        'order_name' as identifier_type,
        order_name as raw_value,
        country_code,
        recorded_date as observed_at
    from responses
),

identifiers as (
    {{ distinct_identifiers('qualtrics', 'found') }}
)

select * from identifiers
