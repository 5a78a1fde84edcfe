-- One row per order; amounts in the currency of the order, tax included.
with orders as (
    select * from {{ ref('base_shopify__orders') }}
),

regions as (
    select * from {{ ref('regions') }}
),

line_totals as (
    select
        id,
        cast(sum(line.quantity * line.price) as decimal(18, 4)) as gross_amount
    from orders
    {{ unnest_array('lines', 'line') }}
    group by id
),

shipping_totals as (
    select
        orders.id,
        cast(sum(charge.price) as decimal(18, 4)) as shipping_amount,
        max(case when charge.code in ('express', 'pickup') then charge.code else 'standard' end) as shipping_method
    from (
        select
            id,
            {{ json_struct('shipping_lines', {'code': 'varchar', 'price': 'decimal(18,4)'}, is_array=true) }} as charges
        from orders
    ) as orders
    {{ unnest_array('charges', 'charge') }}
    group by orders.id
),

deliveries as (
    select
        orders.id,
        max({{ json_timestamp('parcel.estimated_delivery_at') }}) as delivery_promised_at,
        case when count(*) = count(parcel.delivered_at) then max({{ json_timestamp('parcel.delivered_at') }}) end as delivered_at
    from (
        select
            id,
            {{ json_struct('fulfillments', {
                'estimated_delivery_at': 'varchar', 'delivered_at': 'varchar'}, is_array=true) }} as parcels
        from orders
    ) as orders
    {{ unnest_array('parcels', 'parcel') }}
    group by orders.id
),

sold as (
    select
        'shopify' as system,
        cast(orders.id as string) as order_ref,
        orders.name as order_name,
        orders.node_id,
        orders.created_at as ordered_at,
        orders.updated_at,
        orders.channel,
        regions.region,
        case when orders.cancelled_at is null then 'placed' else 'cancelled' end as status,
        orders.currency,
        coalesce(line_totals.gross_amount, 0) as gross_amount,
        coalesce(orders.total_discounts, 0) as discount_amount,
        coalesce(shipping_totals.shipping_amount, 0) as shipping_amount,
        coalesce(orders.total_tax, 0) as tax_amount,
        orders.total_price as total_amount,
        {{ json_text('orders.discount_codes', '[0].code') }} as coupon_code,
        {{ json_text('orders.payment_gateway_names', '[0]') }} as payment_method,
        shipping_totals.shipping_method,
        orders.source_name = 'shopify_draft_order' as is_agent_assisted,
        orders.customer_ref is null as is_guest,
        orders.cart_token as cart_ref,
        orders.checkout_token as checkout_ref,
        deliveries.delivery_promised_at,
        deliveries.delivered_at,
        orders._loaded_at
    from orders
    left join line_totals
        on line_totals.id = orders.id
    left join shipping_totals
        on shipping_totals.id = orders.id
    left join deliveries
        on deliveries.id = orders.id
    left join regions
        on
            regions.system = 'shopify'
            and regions.source_value = lower(coalesce(orders.shipping.country_code, orders.buyer_country_code))
)

select * from sold
