-- One row per receipt line, the last version, with the record its buyer left: the loyalty card, else the contact typed, else none.
with lines as (
    {{ deduplicate('pos', 'receipts') }}
),

stores as (
    {{ deduplicate('pos', 'stores') }}
),

regions as (
    select * from {{ ref('regions') }}
),

placed as (
    select
        lines.receipt_no,
        lines.line_no,
        lines.receipt_type,
        nullif(trim(lines.original_receipt_no), '') as original_receipt_no,
        lines.store_id,
        lines.sold_at,
        lines.sku,
        abs(lines.quantity) as quantity,
        lines.unit_price,
        coalesce(lines.discount, 0) as discount,
        lines.currency,
        lines.payment_type,
        nullif(trim(lines.loyalty_card), '') as loyalty_card,
        nullif(trim(lines.customer_email), '') as customer_email,
        nullif(trim(lines.customer_phone), '') as customer_phone,
        lines.exported_at,
        lines._loaded_at,
        stores.country_code,
        coalesce(regions.region, stores.region) as region
    from lines
    left join stores
        on stores.store_id = lines.store_id
    left join regions
        on regions.system = 'pos' and regions.source_value = lower(trim(stores.region))
),

receipts as (
    select
        *,
        case
            when loyalty_card is not null then 'pos:loyalty:' || loyalty_card
            when coalesce(customer_email, customer_phone) is not null then 'pos:receipt:' || receipt_no
        end as node_id
    from placed
)

select * from receipts
