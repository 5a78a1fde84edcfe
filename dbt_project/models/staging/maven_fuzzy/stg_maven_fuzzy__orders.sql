-- One row per order. The shop's prices are what was paid: it shows no discount, shipping or tax.
with orders as (
    {{ deduplicate('maven_fuzzy', 'orders') }}
),

final as (
    select
        'maven_fuzzy' as system,
        cast(order_id as string) as order_ref,
        cast(order_id as string) as order_name,
        'maven_fuzzy:customer:' || cast(user_id as string) as node_id,
        created_at as ordered_at,
        'web' as channel,
        'placed' as status,
        'USD' as currency,
        price_usd as gross_amount,
        cast(0 as decimal(18, 4)) as discount_amount,
        cast(0 as decimal(18, 4)) as shipping_amount,
        cast(0 as decimal(18, 4)) as tax_amount,
        price_usd as total_amount,
        false as is_agent_assisted,
        false as is_guest,
        _loaded_at
    from orders
)

select * from final
