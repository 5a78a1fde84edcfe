-- One row per path of marketing touches: to an order, or to none within the look-back window; and per order without a touch.
with orders as (
    select
        orders.order_id,
        orders.customer_id,
        orders.ordered_at,
        orders.order_date,
        orders.channel,
        orders.customer_order_number,
        orders.net_amount_reporting
    from {{ ref('fct_orders') }} as orders
    cross join {{ source('run', 'run_settings') }} as run_settings
    left join {{ ref('dim_customers') }} as customers on orders.customer_id = customers.customer_id
    where
        orders.is_valid
        and not coalesce(customers.is_staff, false)
        and orders.ordered_at < run_settings.as_of
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

touched as (
    select
        path_id,
        order_id,
        max(customer_id) as customer_id,
        max(touched_at) as last_touched_at,
        max(n_orders_before) as n_orders_before,
        count(*) as n_touches,
        {{ text_in_order('channel', 'touch_position', ' > ') }} as path
    from {{ ref('fct_marketing_touches') }}
    group by 1, 2
),

led_to_orders as (
    select
        orders.order_id as path_id,
        orders.order_id,
        orders.customer_id,
        orders.ordered_at as ended_at,
        orders.order_date as ended_date,
        case
            when orders.customer_id is null then 'unknown'
            when orders.customer_order_number = 1 then 'new'
            else 'repeat'
        end as buyer_kind,
        orders.channel as order_channel,
        coalesce(touched.n_touches, 0) as n_touches,
        coalesce(touched.path, case when orders.customer_id is null then 'unknown' else 'none' end) as path,
        orders.net_amount_reporting
    from orders
    left join touched on orders.order_id = touched.order_id
),

led_to_none as (
    select
        path_id,
        order_id,
        customer_id,
        last_touched_at + interval {{ var('attribution_lookback_days') }} day as ended_at,
        case when n_orders_before = 0 then 'new' else 'repeat' end as buyer_kind,
        n_touches,
        path
    from touched
    where order_id is null
)

select
    path_id,
    order_id,
    customer_id,
    ended_at,
    ended_date,
    true as is_decided,
    buyer_kind,
    order_channel,
    cast(n_touches as bigint) as n_touches,
    path,
    net_amount_reporting
from led_to_orders
union all
select
    led_to_none.path_id,
    led_to_none.order_id,
    led_to_none.customer_id,
    led_to_none.ended_at,
    {{ date_in_zone('led_to_none.ended_at', 'run_settings.reporting_time_zone') }} as ended_date,
    led_to_none.ended_at < run_settings.as_of as is_decided,
    led_to_none.buyer_kind,
    cast(null as string) as order_channel,
    cast(led_to_none.n_touches as bigint) as n_touches,
    led_to_none.path,
    cast(null as decimal(18, 4)) as net_amount_reporting
from led_to_none
cross join run_settings
