-- One row per step of a known person: the events of the log that paths are made of. A view: paths and whatever is held against them
-- read the same people and steps.
{{ config(materialized='view') }}
with events as (
    select
        event_id,
        customer_id,
        event_at,
        event_type,
        cart_ref
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

path_steps as (
    select
        path_step,
        step_order
    from {{ ref('path_steps') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
)

select
    events.event_id,
    events.customer_id,
    events.event_at,
    events.event_type,
    events.cart_ref,
    touchpoints.path_step,
    path_steps.step_order
from events
cross join run_settings
inner join touchpoints on events.event_type = touchpoints.event_type
left join path_steps on touchpoints.path_step = path_steps.path_step
where events.event_at < run_settings.as_of
