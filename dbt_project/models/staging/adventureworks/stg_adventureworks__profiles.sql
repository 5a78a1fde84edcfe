-- One row per source record of a person: customers of the shop, contacts of the order database, prospects and survey respondents.
-- The order database's own stamps are left out: it was restored in one go, long after the last order.
with customers as (
    select * from {{ ref('base_adventureworks__customers') }}
),

contacts as (
    select * from {{ ref('base_adventureworks__contacts') }}
),

prospects as (
    select * from {{ ref('base_adventureworks__prospects') }}
),

survey_answers as (
    select * from {{ ref('stg_adventureworks__survey_answers') }}
),

respondents as (
    select distinct node_id from survey_answers
),

final as (
    select
        node_id,
        'adventureworks' as system,
        'customer' as profile_kind,
        cast(customer_key as string) as profile_ref,
        cast(null as string) as account_ref,
        first_name,
        last_name,
        cast(null as string) as full_name,
        email,
        cast(null as boolean) as is_email_verified,
        cast(null as string) as phone,
        birth_date,
        gender,
        cast(null as string) as language,
        cast(null as string) as address_line,
        cast(null as string) as city,
        cast(null as string) as postal_code,
        cast(null as string) as country_code,
        cast(null as string) as region,
        cast(null as string) as company_name,
        cast(null as string) as job_title,
        income_band,
        education,
        occupation,
        n_children,
        cast(null as integer) as household_size,
        is_home_owner,
        false as is_staff,
        false as is_business,
        cast(null as timestamp) as recorded_at,
        cast(null as timestamp) as updated_at
    from customers

    union all

    select
        node_id,
        'adventureworks' as system,
        'contact' as profile_kind,
        cast(business_entity_id as string) as profile_ref,
        account_ref,
        cast(null as string) as first_name,
        cast(null as string) as last_name,
        cast(null as string) as full_name,
        email,
        cast(null as boolean) as is_email_verified,
        phone,
        cast(null as date) as birth_date,
        cast(null as string) as gender,
        cast(null as string) as language,
        address_line,
        city,
        postal_code,
        country_code,
        region,
        company_name,
        cast(null as string) as job_title,
        cast(null as string) as income_band,
        cast(null as string) as education,
        cast(null as string) as occupation,
        cast(null as integer) as n_children,
        cast(null as integer) as household_size,
        cast(null as boolean) as is_home_owner,
        is_staff,
        is_business,
        cast(null as timestamp) as recorded_at,
        cast(null as timestamp) as updated_at
    from contacts

    union all

    select
        node_id,
        'adventureworks' as system,
        'prospect' as profile_kind,
        cast(prospective_buyer_key as string) as profile_ref,
        cast(null as string) as account_ref,
        first_name,
        last_name,
        cast(null as string) as full_name,
        email,
        cast(null as boolean) as is_email_verified,
        phone,
        birth_date,
        gender,
        cast(null as string) as language,
        address_line,
        city,
        postal_code,
        country_code,
        region,
        cast(null as string) as company_name,
        cast(null as string) as job_title,
        income_band,
        education,
        occupation,
        n_children,
        cast(null as integer) as household_size,
        is_home_owner,
        false as is_staff,
        false as is_business,
        cast(null as timestamp) as recorded_at,
        cast(null as timestamp) as updated_at
    from prospects

    union all

    select
        node_id,
        'adventureworks' as system,
        'respondent' as profile_kind,
        split_part(node_id, ':', 3) as profile_ref,
        cast(null as string) as account_ref,
        cast(null as string) as first_name,
        cast(null as string) as last_name,
        cast(null as string) as full_name,
        cast(null as string) as email,
        cast(null as boolean) as is_email_verified,
        cast(null as string) as phone,
        cast(null as date) as birth_date,
        cast(null as string) as gender,
        cast(null as string) as language,
        cast(null as string) as address_line,
        cast(null as string) as city,
        cast(null as string) as postal_code,
        cast(null as string) as country_code,
        cast(null as string) as region,
        cast(null as string) as company_name,
        cast(null as string) as job_title,
        cast(null as string) as income_band,
        cast(null as string) as education,
        cast(null as string) as occupation,
        cast(null as integer) as n_children,
        cast(null as integer) as household_size,
        cast(null as boolean) as is_home_owner,
        false as is_staff,
        false as is_business,
        cast(null as timestamp) as recorded_at,
        cast(null as timestamp) as updated_at
    from respondents
)

select * from final
