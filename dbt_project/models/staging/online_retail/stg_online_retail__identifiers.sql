-- One row per customer number: the only identifier of the export.
with profiles as (
    select * from {{ ref('stg_online_retail__profiles') }}
),

final as (
    select
        node_id,
        'online_retail' as system,
        'retail_customer' as identifier_type,
        profile_ref as raw_value,
        country_code,
        recorded_at as observed_at
    from profiles
)

select * from final
