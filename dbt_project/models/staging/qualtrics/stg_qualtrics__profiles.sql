-- One row per survey response: its respondent.
with responses as (
    select * from {{ ref('base_qualtrics__responses') }}
),

profiles as (
    select
        node_id,
        'qualtrics' as system,
        'respondent' as profile_kind,
        response_id as profile_ref,
        recipient_email as email,
        language,
        country_code,
        sales_region as region,
        false as is_staff,
        false as is_business,
        recorded_date as recorded_at,
        recorded_date as updated_at
    from responses
)

select * from profiles
