-- One row per region (or all) and pair of steps: how often one step follows another. A journey begins at START and ends with END,
-- 30 days after its last step; a journey that was still under way at as_of has no END yet. Minor events are no steps (seed
-- touchpoints); a step that follows itself is a loop and counts.
with events as (
    select
        customer_id,
        event_at,
        event_type
    from {{ ref('fct_events') }}
    where
        customer_id is not null
        and not is_bot
        and not is_staff
),

touchpoints as (
    select
        event_type,
        path_step
    from {{ ref('touchpoints') }}
    where path_step is not null
),

customers as (
    select
        customer_id,
        coalesce(region, 'unknown') as region
    from {{ ref('dim_customers') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

-- Equal times are put in the order of the steps' names: the same in every run.
path_steps as (
    select
        events.customer_id,
        events.event_at,
        touchpoints.path_step,
        lag(touchpoints.path_step) over by_person as previous_step,
        lag(events.event_at) over by_person as previous_at,
        lead(events.event_at) over by_person as next_at
    from events
    cross join run_settings
    inner join touchpoints on events.event_type = touchpoints.event_type
    where events.event_at < run_settings.as_of
    window by_person as (
        partition by events.customer_id
        order by events.event_at, touchpoints.path_step
    )
),

transitions as (
    select
        customer_id,
        case when event_at <= previous_at + interval 30 day then previous_step else 'START' end as from_step,
        path_step as to_step
    from path_steps
    union all
    select
        path_steps.customer_id,
        path_steps.path_step as from_step,
        'END' as to_step
    from path_steps
    cross join run_settings
    where coalesce(path_steps.next_at, run_settings.as_of) > path_steps.event_at + interval 30 day
),

person_transitions as (
    select
        customer_id,
        from_step,
        to_step,
        count(*) as n_transitions
    from transitions
    group by 1, 2, 3
),

regional as (
    select
        customers.region,
        person_transitions.from_step,
        person_transitions.to_step,
        sum(person_transitions.n_transitions) as n_transitions,
        count(*) as n_customers
    from person_transitions
    inner join customers on person_transitions.customer_id = customers.customer_id
    group by 1, 2, 3
),

company as (
    select
        'all' as region,
        from_step,
        to_step,
        sum(n_transitions) as n_transitions,
        -- A person has one region, so the regions' persons add up.
        sum(n_customers) as n_customers
    from regional
    group by 2, 3
)

select
    region,
    from_step,
    to_step,
    cast(n_transitions as bigint) as n_transitions,
    cast(n_customers as bigint) as n_customers
from regional
union all
select
    region,
    from_step,
    to_step,
    cast(n_transitions as bigint) as n_transitions,
    cast(n_customers as bigint) as n_customers
from company
