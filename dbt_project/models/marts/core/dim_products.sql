-- One row per product (SKU). Where several systems keep the product, the one with a cost and the newest launch is the record.
with products as (
    select * from {{ ref('int_products') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by product_ref
            order by
                case when unit_cost_amount is not null then 0 else 1 end,
                case when is_active then 0 else 1 end,
                launched_at desc nulls last,
                system,
                source_product_ref
        ) as record_rank
    from products
)

select
    product_ref as product_id,
    system,
    name,
    brand,
    product_line,
    division,
    category,
    list_price_amount,
    unit_cost_amount,
    currency,
    launched_at,
    is_active
from ranked
where record_rank = 1
