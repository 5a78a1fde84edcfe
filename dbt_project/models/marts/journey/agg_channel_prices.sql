-- One row per product, currency and quarter in which it sold both online and in a store: the middle price asked on each side, before
-- discounts.
with order_lines as (
    select
        product_id,
        currency,
        order_date,
        channel,
        unit_price_amount
    from {{ ref('fct_order_lines') }}
    where
        is_valid
        and product_id is not null
        and unit_price_amount is not null
),

prices as (
    select
        product_id,
        currency,
        cast(date_trunc('quarter', order_date) as date) as quarter_start,
        count(*) filter (where channel in ('web', 'app')) as n_online,
        count(*) filter (where channel = 'store') as n_store,
        percentile_cont(0.5) within group (order by unit_price_amount) filter (where channel in ('web', 'app')) as online_price,
        percentile_cont(0.5) within group (order by unit_price_amount) filter (where channel = 'store') as store_price
    from order_lines
    group by 1, 2, 3
)

select
    product_id,
    currency,
    quarter_start,
    cast(n_online as bigint) as n_online,
    cast(n_store as bigint) as n_store,
    cast(online_price as double) as online_price,
    cast(store_price as double) as store_price
from prices
where
    n_online > 0
    and n_store > 0
