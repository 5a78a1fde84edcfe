-- One row per stock code that was sold or cancelled. Its name is the last one printed on a priced line: free lines carry notes of the
-- warehouse ("check", "wet damaged") in the name's place.
with documents as (
    select * from {{ ref('base_online_retail__documents') }} where document_kind <> 'stock_movement'
),

product_lines as (
    select * from {{ ref('product_lines') }}
),

ranked as (
    select
        product_ref,
        description,
        row_number() over (
            partition by product_ref
            order by
                case when description is not null then 0 else 1 end,
                case when unit_price > 0 then 0 else 1 end,
                invoice_date desc,
                row_ref desc
        ) as rank_of_product,
        min(invoice_date) over (partition by product_ref) as first_sold_at
    from documents
),

named as (
    select
        product_ref,
        description,
        first_sold_at,
        -- Postage, fees, discounts, samples and manual corrections are booked under stock codes of their own.
        case
            when product_ref in ('AMAZONFEE', 'B', 'BANK CHARGES', 'C2', 'CRUK', 'D', 'DOT', 'M', 'POST', 'S') then 'Charges'
            else 'Gifts'
        end as product_line
    from ranked
    where rank_of_product = 1
),

final as (
    select
        'online_retail' as system,
        named.product_ref,
        named.product_ref as source_product_ref,
        named.description as name,
        named.product_line,
        product_lines.division,
        'GBP' as currency,
        named.first_sold_at as launched_at,
        true as is_active
    from named
    left join product_lines
        on named.product_line = product_lines.product_line
)

select * from final
