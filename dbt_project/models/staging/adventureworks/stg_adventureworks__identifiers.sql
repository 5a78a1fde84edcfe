-- One row per source record, identifier type and value. Phones stay in the profile: one placeholder number (1 (11) 500 555-01xx)
-- stands for up to 110 persons, and thousands more share numbers in small groups, so a phone proves nothing in this system.
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

emails as (
    select
        node_id,
        email,
        cast(null as string) as country_code
    from customers

    union all

    select
        node_id,
        email,
        country_code
    from contacts

    union all

    select
        node_id,
        email,
        country_code
    from prospects
),

final as (
    select
        node_id,
        'adventureworks' as system,
        'email' as identifier_type,
        email as raw_value,
        country_code,
        cast(null as timestamp) as observed_at
    from emails
    where email is not null

    union all

    select
        node_id,
        'adventureworks' as system,
        'adventureworks_customer' as identifier_type,
        cast(customer_key as string) as raw_value,
        cast(null as string) as country_code,
        cast(null as timestamp) as observed_at
    from customers

    union all

    -- Respondents give the customer number of the shop.
    select
        node_id,
        'adventureworks' as system,
        'adventureworks_customer' as identifier_type,
        split_part(node_id, ':', 3) as raw_value,
        cast(null as string) as country_code,
        min(answered_at) as observed_at
    from survey_answers
    group by node_id
)

select * from final
