-- One row per order: the export has lines only, so the header is built from them.
with sales as (
    select * from {{ ref('base_adventureworks__sales') }}
),

final as (
    select
        'adventureworks' as system,
        order_number as order_ref,
        order_number as order_name,
        -- Customer, day and territory are the same on every line of an order (tested); min picks the one value.
        'adventureworks:customer:' || cast(min(customer_key) as string) as node_id,
        min(order_date) as ordered_at,
        'web' as channel,
        min(region) as region,
        'placed' as status,
        'USD' as currency,
        cast(sum(amount) as decimal(18, 4)) as gross_amount,
        cast(0 as decimal(18, 4)) as discount_amount,
        cast(0 as decimal(18, 4)) as shipping_amount,
        cast(0 as decimal(18, 4)) as tax_amount,
        cast(sum(amount) as decimal(18, 4)) as total_amount,
        false as is_agent_assisted,
        false as is_guest,
        max(_loaded_at) as _loaded_at
    from sales
    group by order_number
)

select * from final
