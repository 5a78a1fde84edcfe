-- One row per source record and key by which people are told apart: a system's own customer, contact or card number, or
-- the birth date.
with identifiers as (
    select * from {{ ref('int_identity__identifiers') }}
    where
        identifier_type in ('shop_customer', 'crm_contact', 'adventureworks_customer', 'retail_customer', 'maven_customer', 'loyalty_card')
),

profiles as (
    select * from {{ ref('int_profiles') }}
    where birth_date is not null
),

unique_keys as (
    select
        node_id,
        identifier_type as key_type,
        identifier_value as key_value
    from identifiers
    union all
    select
        node_id,
        'birth_date' as key_type,
        cast(birth_date as string) as key_value
    from profiles
)

select * from unique_keys
