-- One row per chain and event that is one of its steps. A chain is a unit with a step it enters a funnel by (the first; in an open funnel
-- any up to this one) and, where the funnel holds a value constant, that value. What a chain is and where a person entered is told by the
-- rows of its entries alone: most rows are other steps. Where is a number: texts would cost as much to write as all the rest.
with events as (
    {{- funnel_events(['step'], ['region', 'device_category', 'channel']) }}
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
),

placed as (
    select
        {{ key_number(['events.unit_number', 'events.funnel_number', 'entries.entry_step', 'events.held_value']) }} as chain,
        events.*,
        entries.entry_step,
        events.step_order = entries.entry_step as is_entry,
        entries.window_us
    from events
    inner join entries
        on
            events.funnel_number = entries.funnel_number
            and events.step_order >= entries.entry_step
)

select
    chain,
    step_order,
    at_us,
    case when is_entry then at_us + window_us end as until_us,
    case when is_entry then funnel_number end as funnel_number,
    case when is_entry then unit_number end as unit_number,
    case when is_entry then held_value end as held_value,
    case when is_entry then {{ key_number(['region', 'device_category', 'channel']) }} end as place_number
from placed
