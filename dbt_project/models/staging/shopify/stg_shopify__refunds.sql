-- One row per refunded order line; the amount is positive.
with orders as (
    select * from {{ ref('base_shopify__orders') }}
),

regions as (
    select * from {{ ref('regions') }}
),

order_lines as (
    select * from {{ ref('stg_shopify__order_lines') }}
),

opened as (
    select
        id,
        node_id,
        currency,
        channel,
        coalesce(shipping.country_code, buyer_country_code) as country_code,
        _loaded_at,
        {{ json_struct('refunds', {
            'id': 'bigint', 'created_at': 'varchar', 'note': 'varchar',
            'refund_line_items': [{'line_item_id': 'bigint', 'quantity': 'bigint', 'subtotal': 'decimal(18,4)'}]}, is_array=true) }} as refunds
    from orders
    where refunds is not null
),

refunds as (
    select * from opened
    {{ unnest_array('refunds', 'refund') }}
),

refunded as (
    select * from refunds
    {{ unnest_array('refund.refund_line_items', 'line') }}
),

refund_lines as (
    select
        'shopify' as system,
        cast(refunded.refund.id as string) || '-' || cast(refunded.line.line_item_id as string) as refund_ref,
        cast(refunded.id as string) as order_ref,
        cast(refunded.line.line_item_id as string) as line_ref,
        refunded.node_id,
        order_lines.product_ref,
        {{ json_timestamp('refunded.refund.created_at') }} as refunded_at,
        refunded.line.quantity as quantity,
        abs(refunded.line.subtotal) as amount,
        refunded.currency,
        nullif(trim(refunded.refund.note), '') as reason,
        refunded.channel,
        regions.region,
        refunded._loaded_at
    from refunded
    left join order_lines
        on
            order_lines.order_ref = cast(refunded.id as string)
            and order_lines.line_ref = cast(refunded.line.line_item_id as string)
    left join regions
        on regions.system = 'shopify' and regions.source_value = lower(refunded.country_code)
)

select * from refund_lines
