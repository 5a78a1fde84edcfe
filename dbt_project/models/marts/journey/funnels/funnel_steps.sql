-- One row per chain and event that is one of its steps. A chain is a unit with a step it enters a funnel by (the first; in an open funnel
-- any up to this one) and, where the funnel holds a value constant, that value.
with events as (
    {{- funnel_events(['step']) }}
),

entries as (
    select
        funnel_number,
        step_order as entry_step,
        window_seconds * 1000000 as window_us
    from {{ ref('dim_funnel_steps') }}
    where
        step_order = 1
        or is_open
)

select
    {{ key_number(['events.unit_number', 'events.funnel_number', 'entries.entry_step', 'events.held_value']) }} as chain,
    events.funnel_number,
    events.unit_number,
    events.held_value,
    entries.entry_step,
    events.step_order,
    events.at_us,
    case when events.step_order = entries.entry_step then events.at_us + entries.window_us end as until_us
from events
inner join entries
    on
        events.funnel_number = entries.funnel_number
        and events.step_order >= entries.entry_step
