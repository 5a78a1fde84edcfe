-- One row per line of a return receipt, with the first line of the sale that sold the product.
with receipts as (
    select * from {{ ref('base_pos__receipts') }}
),

sale_lines as (
    select
        receipt_no,
        sku,
        min(line_no) as line_no
    from receipts
    where receipt_type = 'sale'
    group by receipt_no, sku
),

refunds as (
    select
        'pos' as system,
        receipts.receipt_no || '-' || cast(receipts.line_no as string) as refund_ref,
        receipts.original_receipt_no as order_ref,
        sale_lines.receipt_no || '-' || cast(sale_lines.line_no as string) as line_ref,
        receipts.node_id,
        receipts.sku as product_ref,
        receipts.sold_at as refunded_at,
        cast(receipts.quantity as bigint) as quantity,
        receipts.quantity * receipts.unit_price - receipts.discount as amount,
        receipts.currency,
        'store' as channel,
        receipts.region,
        receipts._loaded_at
    from receipts
    left join sale_lines
        on sale_lines.receipt_no = receipts.original_receipt_no and sale_lines.sku = receipts.sku
    where receipts.receipt_type = 'return'
)

select * from refunds
