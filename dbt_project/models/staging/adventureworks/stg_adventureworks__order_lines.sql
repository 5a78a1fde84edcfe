-- One row per order line.
with sales as (
    select * from {{ ref('base_adventureworks__sales') }}
),

final as (
    select
        'adventureworks' as system,
        order_number || '-' || cast(order_line_item as string) as line_ref,
        order_number as order_ref,
        cast(order_line_item as bigint) as line_number,
        product_ref,
        quantity,
        unit_price_amount,
        cast(0 as decimal(18, 4)) as discount_amount,
        amount as net_amount,
        'USD' as currency,
        _loaded_at
    from sales
)

select * from final
