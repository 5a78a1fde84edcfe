-- One row per product, currency, price a piece was sold for in any channel, and stretch of time in which it was: a month without a sale
-- at a price ends its stretch. The price history of the catalogue, as far as sales show it.
with lines as (
    select
        product_id,
        currency,
        unit_price_amount,
        ordered_at
    from {{ ref('fct_order_lines') }}
    where
        is_valid
        and product_id is not null
        and unit_price_amount > 0
),

days as (
    select
        product_id,
        currency,
        unit_price_amount,
        cast(ordered_at as date) as sold_date,
        min(ordered_at) as first_at,
        max(ordered_at) as last_at
    from lines
    group by 1, 2, 3, 4
),

gaps as (
    select
        *,
        lag(last_at) over (partition by product_id, currency, unit_price_amount order by sold_date) as previous_at
    from days
),

numbered as (
    select
        *,
        sum(case when first_at <= previous_at + interval 30 day then 0 else 1 end) over (
            partition by product_id, currency, unit_price_amount
            order by sold_date
            rows between unbounded preceding and current row
        ) as span_number
    from gaps
)

select
    product_id,
    currency,
    unit_price_amount,
    min(first_at) as first_sold_at,
    max(last_at) as last_sold_at
from numbered
group by product_id, currency, unit_price_amount, span_number
