-- One row per item of an order.
with order_items as (
    {{ deduplicate('maven_fuzzy', 'order_items') }}
),

final as (
    select
        'maven_fuzzy' as system,
        cast(order_item_id as string) as line_ref,
        cast(order_id as string) as order_ref,
        row_number() over (partition by order_id order by is_primary_item desc, order_item_id) as line_number,
        cast(product_id as string) as product_ref,
        cast(1 as bigint) as quantity,
        price_usd as unit_price_amount,
        cast(0 as decimal(18, 4)) as discount_amount,
        price_usd as net_amount,
        'USD' as currency,
        _loaded_at
    from order_items
)

select * from final
