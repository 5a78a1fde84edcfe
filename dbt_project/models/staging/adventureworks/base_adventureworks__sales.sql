-- One row per order line with its price. The export prices nothing, so a line is worth the product's price of today.
with sales as (
    {{ deduplicate('adventureworks', 'sales') }}
),

products as (
    select * from {{ ref('stg_adventureworks__products') }}
),

territories as (
    select * from {{ ref('base_adventureworks__territories') }}
),

final as (
    select
        sales.order_number,
        sales.order_line_item,
        sales.order_date,
        sales.customer_key,
        territories.region,
        products.product_ref,
        cast(sales.order_quantity as bigint) as quantity,
        products.list_price_amount as unit_price_amount,
        cast(sales.order_quantity * products.list_price_amount as decimal(18, 4)) as amount,
        sales._loaded_at
    from sales
    left join products
        on cast(sales.product_key as string) = products.source_product_ref
    left join territories
        on sales.territory_key = territories.sales_territory_key
)

select * from final
