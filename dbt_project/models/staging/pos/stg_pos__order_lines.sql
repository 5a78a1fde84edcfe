-- One row per line of a sale receipt.
with receipts as (
    select * from {{ ref('base_pos__receipts') }}
),

lines as (
    select
        'pos' as system,
        receipt_no || '-' || cast(line_no as string) as line_ref,
        receipt_no as order_ref,
        cast(line_no as bigint) as line_number,
        sku as product_ref,
        cast(quantity as bigint) as quantity,
        unit_price as unit_price_amount,
        discount as discount_amount,
        quantity * unit_price - discount as net_amount,
        currency,
        _loaded_at
    from receipts
    where receipt_type = 'sale'
)

select * from lines
