-- One row per person and pair of steps: how often one step follows another. A journey begins at START and ends with END, where
-- journey_silence_days follow without one; a journey still under way at as_of has no END yet. A step that follows itself is a loop.
with steps as (
    select
        customer_id,
        event_at,
        path_step,
        step_order
    from {{ ref('fct_path_steps') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

ordered_steps as (
    select
        customer_id,
        event_at,
        path_step,
        lag(path_step) over by_person as previous_step,
        lag(event_at) over by_person as previous_at,
        lead(event_at) over by_person as next_at
    from steps
    window by_person as (
        partition by customer_id
        order by event_at, step_order
    )
),

transitions as (
    select
        customer_id,
        case when event_at <= previous_at + interval {{ var('journey_silence_days') }} day then previous_step else 'START' end as from_step,
        path_step as to_step
    from ordered_steps
    union all
    select
        ordered_steps.customer_id,
        ordered_steps.path_step as from_step,
        'END' as to_step
    from ordered_steps
    cross join run_settings
    where coalesce(ordered_steps.next_at, run_settings.as_of) > ordered_steps.event_at + interval {{ var('journey_silence_days') }} day
)

select
    customer_id,
    from_step,
    to_step,
    count(*) as n_transitions
from transitions
group by 1, 2, 3
