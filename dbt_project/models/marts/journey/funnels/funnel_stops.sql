-- One row per chain of a strict order or deduplication that something ends: at which position the first such thing lies.
with chains as (
    select
        chain,
        funnel_number,
        unit_number,
        coalesce(held_value, '') as held_key,
        entry_step,
        first_us,
        is_strict_order,
        is_strict_deduplication
    from {{ ref('funnel_chains') }}
    where
        is_strict_order
        or is_strict_deduplication
),

-- Steps are named too: an event that is any step of the funnel is no stray.
events as (
    {{- funnel_events(['step', 'interruption'], only='definitions.is_strict_order') }}
),

listed_events as (
    select distinct
        funnel_number,
        event_id
    from events
    where role = 'step'
),

reached as (
    select
        chain,
        step_order,
        reached_us
    from {{ ref('funnel_reached') }}
),

-- strict_order: an event that is no step, after the entry.
strays as (
    select
        chains.chain,
        events.funnel_number,
        events.event_id,
        {{ funnel_position('events.at_us', '0') }} as position
    from events
    inner join chains
        on
            events.funnel_number = chains.funnel_number
            and events.unit_number = chains.unit_number
            and coalesce(events.held_value, '') = chains.held_key
            and events.at_us > chains.first_us
    where events.role = 'interruption'
),

steps as (
    select
        steps.chain,
        steps.step_order,
        steps.at_us,
        chains.is_strict_order,
        chains.is_strict_deduplication,
        chains.entry_step,
        chains.first_us
    from {{ ref('funnel_steps') }} as steps
    inner join chains on steps.chain = chains.chain
    where steps.until_us is null
),

-- strict_order: a step whose step before was not reached yet. strict_deduplication: a step after it was reached. The first step may be
-- repeated in both: the chain then starts anew.
step_stops as (
    select
        steps.chain,
        steps.is_strict_order,
        steps.is_strict_deduplication,
        steps.step_order,
        steps.at_us,
        case when steps.step_order = steps.entry_step + 1 then steps.first_us else before_it.reached_us end as before_us,
        same_step.reached_us as same_us,
        row_number() over (partition by steps.chain, steps.step_order, steps.at_us order by steps.chain) as twin
    from steps
    left join reached as before_it
        on
            steps.chain = before_it.chain
            and steps.step_order = before_it.step_order + 1
    left join reached as same_step
        on
            steps.chain = same_step.chain
            and steps.step_order = same_step.step_order
    where steps.at_us >= steps.first_us
),

found as (
    select
        strays.chain,
        strays.position
    from strays
    left join listed_events
        on
            strays.funnel_number = listed_events.funnel_number
            and strays.event_id = listed_events.event_id
    where listed_events.event_id is null
    union all
    select
        chain,
        {{ funnel_position('at_us', 'step_order') }} as position
    from step_stops
    where
        is_strict_order
        and (before_us is null or at_us < before_us)
    union all
    select
        chain,
        {{ funnel_position('at_us', 'step_order') }} + 1 as position
    from step_stops
    where
        is_strict_deduplication
        and (at_us > same_us or (at_us = same_us and twin > 1))
)

select
    chain,
    min(position) as position
from found
group by 1
