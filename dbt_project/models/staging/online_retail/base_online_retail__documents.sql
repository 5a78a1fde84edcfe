{{ config(materialized='table') }}

-- A table, because six models read it and each would otherwise number half a million rows again.
-- One row per row of the export, with what kind of document it belongs to. Every row is one of four kinds, so the kinds add up to the
-- file (tested):
--   sale            money comes in, or goods leave to a known customer free of charge;
--   cancellation    an invoice number with C: money goes back;
--   write_off       an adjustment (A) that takes money away, such as a bad debt; one that gives money back is a sale;
--   stock_movement  an invoice without customer on which nothing costs anything: counts, damages, finds. No order, no money.
with invoice_lines as (
    select * from {{ source('online_retail', 'invoice_lines') }}
),

regions as (
    select * from {{ ref('regions') }} where system = 'online_retail'
),

typed as (
    select
        invoice_no,
        -- The same article is written 85123A and 85123a.
        upper(trim(stock_code)) as product_ref,
        nullif(trim(description), '') as description,
        cast(quantity as bigint) as quantity,
        invoice_date,
        unit_price,
        cast(quantity * unit_price as decimal(18, 4)) as amount,
        -- Written as a decimal number, 13098.0.
        split_part(customer_id, '.', 1) as customer_number,
        country,
        _batch_id,
        _row_number,
        _loaded_at
    from invoice_lines
),

documents as (
    select
        invoice_no,
        max(abs(unit_price)) > 0 or count(customer_number) > 0 as is_commercial
    from typed
    group by invoice_no
),

final as (
    select
        typed.*,
        -- A file lands once whatever its name, so batch and row name this row for good.
        typed._batch_id || '-' || cast(typed._row_number as string) as row_ref,
        row_number() over (partition by typed.invoice_no order by typed._batch_id, typed._row_number) as line_number,
        regions.region,
        regions.country_code,
        case
            when typed.customer_number is not null then 'online_retail:customer:' || typed.customer_number
        end as node_id,
        case
            when typed.invoice_no like 'C%' then 'cancellation'
            when typed.invoice_no like 'A%' and typed.amount < 0 then 'write_off'
            when documents.is_commercial then 'sale'
            else 'stock_movement'
        end as document_kind
    from typed
    inner join documents
        on typed.invoice_no = documents.invoice_no
    left join regions
        on lower(trim(typed.country)) = regions.source_value
)

select * from final
