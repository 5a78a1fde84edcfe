-- One row per person and month in which the person ordered, visited the site or wrote to support.
with run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

activity as (
    select
        orders.customer_id,
        orders.order_date as active_date,
        1 as is_order
    from {{ ref('fct_orders') }} as orders
    cross join run_settings
    where
        orders.is_valid
        and orders.ordered_at < run_settings.as_of
    union all
    select
        sessions.customer_id,
        sessions.session_date as active_date,
        0 as is_order
    from {{ ref('fct_sessions') }} as sessions
    cross join run_settings
    where sessions.started_at < run_settings.as_of
    union all
    select
        tickets.customer_id,
        tickets.opened_date as active_date,
        0 as is_order
    from {{ ref('fct_tickets') }} as tickets
    cross join run_settings
    where tickets.opened_at < run_settings.as_of
)

select
    customer_id,
    cast(extract(year from active_date) * 12 + extract(month from active_date) - 1 as bigint) as month_number,
    sum(is_order) > 0 as has_order
from activity
where customer_id is not null
group by 1, 2
