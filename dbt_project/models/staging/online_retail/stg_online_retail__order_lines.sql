-- One row per line of a sales invoice.
with sales as (
    select * from {{ ref('base_online_retail__documents') }} where document_kind = 'sale'
),

final as (
    select
        'online_retail' as system,
        row_ref as line_ref,
        invoice_no as order_ref,
        line_number,
        product_ref,
        quantity,
        unit_price as unit_price_amount,
        cast(0 as decimal(18, 4)) as discount_amount,
        amount as net_amount,
        'GBP' as currency,
        _loaded_at
    from sales
)

select * from final
