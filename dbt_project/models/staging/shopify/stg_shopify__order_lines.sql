-- One row per order line.
with orders as (
    select * from {{ ref('base_shopify__orders') }}
),

lines as (
    select
        'shopify' as system,
        cast(line.id as string) as line_ref,
        cast(id as string) as order_ref,
        line_number,
        nullif(line.sku, '') as product_ref,
        line.quantity as quantity,
        line.price as unit_price_amount,
        coalesce(line.total_discount, 0) as discount_amount,
        cast(line.quantity * line.price - coalesce(line.total_discount, 0) as decimal(18, 4)) as net_amount,
        currency,
        _loaded_at
    from orders
    {{ unnest_array('lines', 'line', numbered=true) }}
)

select * from lines
