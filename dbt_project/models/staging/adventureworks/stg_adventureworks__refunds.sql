-- One row per day, territory and product with returned units: anonymous, because the export names neither customer nor order.
with returns as (
    {{ deduplicate('adventureworks', 'returns') }}
),

products as (
    select * from {{ ref('stg_adventureworks__products') }}
),

territories as (
    select * from {{ ref('base_adventureworks__territories') }}
),

final as (
    select
        'adventureworks' as system,
        cast({{ date_in_zone('returns.return_date', "'America/Los_Angeles'") }} as string)
        || '/' || cast(returns.territory_key as string)
        || '/' || cast(returns.product_key as string) as refund_ref,
        products.product_ref,
        returns.return_date as refunded_at,
        cast(returns.return_quantity as bigint) as quantity,
        cast(returns.return_quantity * products.list_price_amount as decimal(18, 4)) as amount,
        'USD' as currency,
        'web' as channel,
        territories.region,
        returns._loaded_at
    from returns
    left join products
        on cast(returns.product_key as string) = products.source_product_ref
    left join territories
        on returns.territory_key = territories.sales_territory_key
)

select * from final
