-- One row per sales invoice. Postage, carriage and other charges are lines of it as the shop booked them.
with sales as (
    select * from {{ ref('base_online_retail__documents') }} where document_kind = 'sale'
),

final as (
    select
        'online_retail' as system,
        invoice_no as order_ref,
        invoice_no as order_name,
        -- Customer and country are the same on every line of an invoice (tested); a few invoices run over a minute's end.
        min(node_id) as node_id,
        min(invoice_date) as ordered_at,
        'web' as channel,
        min(region) as region,
        'placed' as status,
        'GBP' as currency,
        cast(sum(amount) as decimal(18, 4)) as gross_amount,
        cast(0 as decimal(18, 4)) as discount_amount,
        cast(0 as decimal(18, 4)) as shipping_amount,
        cast(0 as decimal(18, 4)) as tax_amount,
        cast(sum(amount) as decimal(18, 4)) as total_amount,
        false as is_agent_assisted,
        min(node_id) is null as is_guest,
        max(_loaded_at) as _loaded_at
    from sales
    group by invoice_no
)

select * from final
