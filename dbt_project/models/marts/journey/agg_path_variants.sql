-- One row per buyer and way to a purchase: the distinct steps of a journey in the order in which each was first taken, up to the first
-- order or store purchase of it. A journey ends where journey_silence_days follow without a step; one that bought nothing has no row.
with steps as (
    select
        customer_id,
        event_at,
        path_step,
        step_order,
        path_step in ('order', 'store_purchase') as is_purchase
    from {{ ref('fct_path_steps') }}
),

buyers as (
    select distinct customer_id
    from steps
    where is_purchase
),

ordered_steps as (
    select
        steps.customer_id,
        steps.event_at,
        steps.path_step,
        steps.step_order,
        steps.is_purchase,
        lag(steps.event_at) over (
            partition by steps.customer_id
            order by steps.event_at, steps.step_order
        ) as previous_at
    from steps
    inner join buyers on steps.customer_id = buyers.customer_id
),

journeys as (
    select
        customer_id,
        event_at,
        path_step,
        step_order,
        is_purchase,
        sum(case when event_at <= previous_at + interval {{ var('journey_silence_days') }} day then 0 else 1 end) over (
            partition by customer_id
            order by event_at, step_order
            rows between unbounded preceding and current row
        ) as journey_no
    from ordered_steps
),

first_steps as (
    select
        customer_id,
        journey_no,
        path_step,
        min(event_at) as first_at,
        min(step_order) as step_order,
        bool_or(is_purchase) as is_purchase
    from journeys
    group by 1, 2, 3
),

placed as (
    select
        customer_id,
        journey_no,
        path_step,
        row_number() over (
            partition by customer_id, journey_no
            order by first_at, step_order, path_step
        ) as place,
        is_purchase
    from first_steps
),

purchases as (
    select
        customer_id,
        journey_no,
        min(place) as place
    from placed
    where is_purchase
    group by 1, 2
),

ways as (
    select
        placed.customer_id,
        placed.journey_no,
        {{ text_in_order('placed.path_step', 'placed.place', ' > ') }} as path
    from placed
    inner join purchases
        on
            placed.customer_id = purchases.customer_id
            and placed.journey_no = purchases.journey_no
            and placed.place <= purchases.place
    group by 1, 2
)

select
    customer_id,
    path,
    cast(count(*) as bigint) as n_journeys
from ways
group by 1, 2
