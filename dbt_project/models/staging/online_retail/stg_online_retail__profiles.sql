-- One row per customer number. The export knows nothing of a customer but the country, of which the last one counts.
with documents as (
    select * from {{ ref('base_online_retail__documents') }} where node_id is not null
),

ranked as (
    select
        node_id,
        customer_number,
        country_code,
        region,
        row_number() over (partition by node_id order by invoice_date desc, row_ref desc) as rank_of_customer,
        min(invoice_date) over (partition by node_id) as first_invoice_at,
        max(invoice_date) over (partition by node_id) as last_invoice_at
    from documents
),

final as (
    select
        node_id,
        'online_retail' as system,
        'customer' as profile_kind,
        customer_number as profile_ref,
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
        country_code,
        region,
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
        first_invoice_at as recorded_at,
        last_invoice_at as updated_at
    from ranked
    where rank_of_customer = 1
)

select * from final
