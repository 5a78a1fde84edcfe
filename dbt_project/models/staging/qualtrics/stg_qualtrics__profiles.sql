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
        cast(null as varchar) as account_ref,
        cast(null as varchar) as first_name,
        cast(null as varchar) as last_name,
        cast(null as varchar) as full_name,
        recipient_email as email,
        cast(null as boolean) as is_email_verified,
        cast(null as varchar) as phone,
        cast(null as date) as birth_date,
        cast(null as varchar) as gender,
        language,
        cast(null as varchar) as address_line,
        cast(null as varchar) as city,
        cast(null as varchar) as postal_code,
        country_code,
        sales_region as region,
        cast(null as varchar) as company_name,
        cast(null as varchar) as job_title,
        cast(null as varchar) as income_band,
        cast(null as varchar) as education,
        cast(null as varchar) as occupation,
        cast(null as integer) as n_children,
        cast(null as integer) as household_size,
        cast(null as boolean) as is_home_owner,
        false as is_staff,
        false as is_business,
        recorded_date as recorded_at,
        recorded_date as updated_at
    from responses
)

select * from profiles
