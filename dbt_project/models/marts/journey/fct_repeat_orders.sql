-- One row per second or later order: whether its buyer evaluated before it. The loyalty loop is the orders without evaluation.
with orders as (
    select
        order_id,
        customer_id,
        ordered_at,
        order_date,
        channel
    from {{ ref('fct_orders') }}
    where
        is_valid
        and customer_order_number > 1
),

evaluation_stages as (
    select stages.stage
    from {{ ref('stages') }} as stages
    inner join {{ ref('decision_phases') }} as decision_phases on stages.cdj_phase = decision_phases.cdj_phase
    where decision_phases.phase = 'evaluate'
),

events as (
    select
        customer_id,
        event_at,
        stage
    from {{ ref('fct_events') }}
    where
        customer_id is not null
        and not is_bot
        and not is_staff
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

evaluated as (
    select
        orders.order_id,
        min(events.event_at) as first_at
    from orders
    inner join events
        on
            orders.customer_id = events.customer_id
            and orders.ordered_at > events.event_at
            and orders.ordered_at <= events.event_at + interval 30 day
    inner join evaluation_stages on events.stage = evaluation_stages.stage
    group by 1
)

select
    orders.order_id,
    orders.customer_id,
    orders.ordered_at,
    orders.order_date,
    orders.channel,
    evaluated.order_id is null as is_direct,
    evaluated.order_id is null or evaluated.first_at >= orders.ordered_at - interval 1 day as is_direct_but_for_the_day
from orders
cross join run_settings
left join evaluated on orders.order_id = evaluated.order_id
where orders.ordered_at < run_settings.as_of
