-- One row per checkout the shop kept as not finished in its session.
with checkouts as (
    {{ deduplicate('shopify', 'abandoned_checkouts') }}
),

opened as (
    select
        *,
        {{ json_text('customer', 'id') }} as customer_ref,
        {{ json_struct('line_items', {'quantity': 'bigint', 'price': 'decimal(18,4)'}, is_array=true) }} as lines,
        {{ json_struct('shipping_lines', {'price': 'decimal(18,4)'}, is_array=true) }} as charges
    from checkouts
),

carts as (
    select
        'shopify' as system,
        token as checkout_ref,
        cart_token as cart_ref,
        'shopify:customer:' || customer_ref as node_id,
        created_at as started_at,
        updated_at,
        completed_at,
        currency,
        subtotal_price as value_amount,
        cast({{ array_sum('charges', 'price') }} as decimal(18, 4)) as shipping_amount,
        total_price as total_amount,
        cast({{ array_length('lines') }} as bigint) as n_items
    from opened
)

select * from carts
