-- One row per sale receipt. Prices carry tax, but the tills do not export it: tax is 0.
with receipts as (
    select * from {{ ref('base_pos__receipts') }}
),

orders as (
    select
        'pos' as system,
        receipt_no as order_ref,
        receipt_no as order_name,
        min(node_id) as node_id,
        min(sold_at) as ordered_at,
        max(exported_at) as updated_at,
        'store' as channel,
        min(region) as region,
        min(store_id) as store_ref,
        'placed' as status,
        min(currency) as currency,
        cast(sum(quantity * unit_price) as decimal(18, 4)) as gross_amount,
        cast(sum(discount) as decimal(18, 4)) as discount_amount,
        cast(0 as decimal(18, 4)) as shipping_amount,
        cast(0 as decimal(18, 4)) as tax_amount,
        cast(sum(quantity * unit_price - discount) as decimal(18, 4)) as total_amount,
        min(payment_type) as payment_method,
        'store' as shipping_method,
        false as is_agent_assisted,
        min(loyalty_card) is null as is_guest,
        min(sold_at) as delivered_at,
        max(_loaded_at) as _loaded_at
    from receipts
    where receipt_type = 'sale'
    group by receipt_no
)

select * from orders
