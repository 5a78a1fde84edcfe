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
        email,
        cast(null as string) as phone,
        birth_date,
        gender,
        cast(null as string) as address_line,
        cast(null as string) as city,
        cast(null as string) as postal_code,
        cast(null as string) as country_code,
        cast(null as string) as region,
        cast(null as string) as company_name,
        income_band,
        education,
        occupation,
        n_children,
        is_home_owner,
        false as is_staff,
        false as is_business
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
        email,
        phone,
        cast(null as date) as birth_date,
        cast(null as string) as gender,
        address_line,
        city,
        postal_code,
        country_code,
        region,
        company_name,
        cast(null as string) as income_band,
        cast(null as string) as education,
        cast(null as string) as occupation,
        cast(null as integer) as n_children,
        cast(null as boolean) as is_home_owner,
        is_staff,
        is_business
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
        email,
        phone,
        birth_date,
        gender,
        address_line,
        city,
        postal_code,
        country_code,
        region,
        cast(null as string) as company_name,
        income_band,
        education,
        occupation,
        n_children,
        is_home_owner,
        false as is_staff,
        false as is_business
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
        cast(null as string) as email,
        cast(null as string) as phone,
        cast(null as date) as birth_date,
        cast(null as string) as gender,
        cast(null as string) as address_line,
        cast(null as string) as city,
        cast(null as string) as postal_code,
        cast(null as string) as country_code,
        cast(null as string) as region,
        cast(null as string) as company_name,
        cast(null as string) as income_band,
        cast(null as string) as education,
        cast(null as string) as occupation,
        cast(null as integer) as n_children,
        cast(null as boolean) as is_home_owner,
        false as is_staff,
        false as is_business
    from respondents
)

select * from final
