-- One row per CRM contact, identifier type and value; every id merged into a contact is one of its crm_contact values.
with contacts as (
    {{ deduplicate('hubspot', 'contacts') }}
),

absorbed as (
    select * from {{ ref('base_hubspot__merges') }}
),

regions as (
    select * from {{ ref('regions') }}
),

placed as (
    select
        contacts.*,
        'hubspot:contact:' || cast(contacts.hs_object_id as string) as node_id,
        regions.country_code
    from contacts
    left join regions
        on regions.system = 'hubspot' and regions.source_value = lower(trim(contacts.country))
),

found as (
    select
        node_id,
        'crm_contact' as identifier_type,
        cast(hs_object_id as string) as raw_value,
        country_code,
        createdate as observed_at
    from placed
    union all
    select
        'hubspot:contact:' || surviving_contact_ref as node_id,
        'crm_contact' as identifier_type,
        merged_contact_ref as raw_value,
        cast(null as string) as country_code,
        merged_at as observed_at
    from absorbed
    union all
    select
        node_id,
        'email' as identifier_type,
        email as raw_value,
        country_code,
        createdate as observed_at
    from placed
    union all
    select
        node_id,
        'email' as identifier_type,
        additional_email as raw_value,
        country_code,
        createdate as observed_at
    from placed
    {{ unnest_array(split_text('hs_additional_emails', ';'), 'additional_email') }}
    union all
    select
        node_id,
        'phone' as identifier_type,
        phone as raw_value,
        country_code,
        createdate as observed_at
    from placed
    union all
    select
        node_id,
        'phone' as identifier_type,
        mobilephone as raw_value,
        country_code,
        createdate as observed_at
    from placed
    union all
    select
        node_id,
        'loyalty_card' as identifier_type,
        loyalty_card as raw_value,
        country_code,
        createdate as observed_at
    from placed
    union all
    select
        node_id,
        'shop_customer' as identifier_type,
        shopify_customer_id as raw_value,
        country_code,
        createdate as observed_at
    from placed
),

identifiers as (
    {{ distinct_identifiers('hubspot', 'found') }}
)

select * from identifiers
