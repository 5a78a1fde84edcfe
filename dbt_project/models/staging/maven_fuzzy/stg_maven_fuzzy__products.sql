-- One row per product that was sold.
with products as (
    select * from {{ ref('base_maven_fuzzy__products') }}
),

product_lines as (
    select * from {{ ref('product_lines') }}
),

final as (
    select
        'maven_fuzzy' as system,
        products.product_ref,
        products.product_ref as source_product_ref,
        products.name,
        'Plush toys' as product_line,
        product_lines.division,
        products.price_usd as list_price_amount,
        products.cogs_usd as unit_cost_amount,
        'USD' as currency,
        products.first_sold_at as launched_at,
        true as is_active
    from products
    left join product_lines on product_lines.product_line = 'Plush toys'
)

select * from final
