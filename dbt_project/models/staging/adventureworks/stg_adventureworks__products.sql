-- One row per product. The category is the product line, the subcategory the category inside it.
with products as (
    {{ deduplicate('adventureworks', 'products') }}
),

subcategories as (
    {{ deduplicate('adventureworks', 'product_subcategories') }}
),

categories as (
    {{ deduplicate('adventureworks', 'product_categories') }}
),

product_lines as (
    select * from {{ ref('product_lines') }}
),

final as (
    select
        'adventureworks' as system,
        products.product_sku as product_ref,
        cast(products.product_key as string) as source_product_ref,
        products.product_name as name,
        categories.category_name as product_line,
        product_lines.division,
        subcategories.subcategory_name as category,
        products.product_price as list_price_amount,
        products.product_cost as unit_cost_amount,
        'USD' as currency,
        true as is_active
    from products
    left join subcategories
        on products.product_subcategory_key = subcategories.product_subcategory_key
    left join categories
        on subcategories.product_category_key = categories.product_category_key
    left join product_lines
        on categories.category_name = product_lines.product_line
)

select * from final
