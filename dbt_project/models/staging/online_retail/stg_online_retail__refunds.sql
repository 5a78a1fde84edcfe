-- One row per line of a cancellation or write-off. The export does not say which invoice is cancelled, so no order is named.
with returned as (
    select * from {{ ref('base_online_retail__documents') }} where document_kind in ('cancellation', 'write_off')
),

final as (
    select
        'online_retail' as system,
        row_ref as refund_ref,
        node_id,
        product_ref,
        invoice_date as refunded_at,
        -- A write-off takes money back, no units.
        case when document_kind = 'cancellation' then -quantity end as quantity,
        -amount as amount,
        'GBP' as currency,
        document_kind as reason,
        'web' as channel,
        region,
        _loaded_at
    from returned
)

select * from final
