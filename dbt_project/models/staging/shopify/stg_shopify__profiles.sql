-- One row per customer account, and one per order of a guest (somebody who bought without an account).
with customers as (
    select * from {{ ref('base_shopify__customers') }}
),

orders as (
    select * from {{ ref('base_shopify__orders') }}
),

regions as (
    select * from {{ ref('regions') }}
),

records as (
    select
        node_id,
        'customer' as profile_kind,
        cast(id as string) as profile_ref,
        first_name,
        last_name,
        email,
        verified_email as is_email_verified,
        coalesce(nullif(phone, ''), address.phone) as phone,
        address.address1 as address_line,
        address.city as city,
        address.zip as postal_code,
        address.country_code as country_code,
        address.company as company_name,
        concat(',', replace(lower(coalesce(tags, '')), ' ', ''), ',') like '%,staff,%' as is_staff,
        coalesce(tax_exempt, false) as is_business,
        created_at as recorded_at,
        updated_at
    from customers
    union all
    select
        node_id,
        'guest_order' as profile_kind,
        cast(id as string) as profile_ref,
        billing.first_name as first_name,
        billing.last_name as last_name,
        email,
        false as is_email_verified,
        coalesce(nullif(phone, ''), billing.phone) as phone,
        billing.address1 as address_line,
        billing.city as city,
        billing.zip as postal_code,
        buyer_country_code as country_code,
        billing.company as company_name,
        false as is_staff,
        false as is_business,
        created_at as recorded_at,
        updated_at
    from orders
    where customer_ref is null
),

profiles as (
    select
        records.node_id,
        'shopify' as system,
        records.profile_kind,
        records.profile_ref,
        records.first_name,
        records.last_name,
        records.email,
        records.is_email_verified,
        records.phone,
        records.address_line,
        records.city,
        records.postal_code,
        records.country_code,
        regions.region,
        records.company_name,
        records.is_staff,
        records.is_business,
        records.recorded_at,
        records.updated_at
    from records
    left join regions
        on regions.system = 'shopify' and regions.source_value = lower(records.country_code)
)

select * from profiles
