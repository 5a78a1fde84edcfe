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
        country_code,
        region,
        false as is_staff,
        false as is_business,
        first_invoice_at as recorded_at,
        last_invoice_at as updated_at
    from ranked
    where rank_of_customer = 1
)

select * from final
