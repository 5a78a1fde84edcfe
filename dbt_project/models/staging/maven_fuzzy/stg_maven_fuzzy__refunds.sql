-- One row per refunded item.
with refunds as (
    {{ deduplicate('maven_fuzzy', 'order_item_refunds') }}
),

orders as (
    select * from {{ ref('stg_maven_fuzzy__orders') }}
),

order_lines as (
    select * from {{ ref('stg_maven_fuzzy__order_lines') }}
),

final as (
    select
        'maven_fuzzy' as system,
        cast(refunds.order_item_refund_id as string) as refund_ref,
        cast(refunds.order_id as string) as order_ref,
        cast(refunds.order_item_id as string) as line_ref,
        orders.node_id,
        order_lines.product_ref,
        refunds.created_at as refunded_at,
        cast(1 as bigint) as quantity,
        refunds.refund_amount_usd as amount,
        'USD' as currency,
        'web' as channel,
        refunds._loaded_at
    from refunds
    left join orders on cast(refunds.order_id as string) = orders.order_ref
    left join order_lines on cast(refunds.order_item_id as string) = order_lines.line_ref
)

select * from final
