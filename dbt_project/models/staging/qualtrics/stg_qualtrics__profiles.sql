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
        cast(null as string) as account_ref,
        cast(null as string) as first_name,
        cast(null as string) as last_name,
        cast(null as string) as full_name,
        recipient_email as email,
        cast(null as boolean) as is_email_verified,
        cast(null as string) as phone,
        cast(null as date) as birth_date,
        cast(null as string) as gender,
        language,
        cast(null as string) as address_line,
        cast(null as string) as city,
        cast(null as string) as postal_code,
        country_code,
        sales_region as region,
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
        recorded_date as recorded_at,
        recorded_date as updated_at
    from responses
)

select * from profiles
