-- One row per funnel and unit that entered it: the chain that got furthest, of those the longest, then the first, and its last step.
with chains as (
    select * from {{ ref('funnel_chains') }}
),

reached as (
    select
        reached.chain,
        max(reached.step_order) as level,
        max_by(reached.until_us, reached.step_order) as until_us
    from {{ ref('funnel_reached') }} as reached
    left join {{ ref('funnel_stops') }} as stops on reached.chain = stops.chain
    where
        stops.position is null
        or {{ funnel_position('reached.reached_us', 'reached.step_order') }} < stops.position
    group by 1
),

levels as (
    select
        chains.chain,
        chains.funnel_number,
        chains.unit_number,
        chains.held_value,
        chains.entry_step,
        chains.window_us,
        chains.is_strict_increase,
        coalesce(reached.level, chains.entry_step) as level,
        coalesce(reached.until_us - chains.window_us, chains.first_us) as entered_us
    from chains
    left join reached on chains.chain = reached.chain
),

ranked as (
    select
        *,
        row_number() over (
            partition by funnel_number, unit_number
            order by level desc, entry_step, entered_us, held_value
        ) as unit_rank
    from levels
)

select
    chain,
    funnel_number,
    unit_number,
    held_value,
    entry_step,
    level,
    entered_us,
    window_us,
    is_strict_increase
from ranked
where unit_rank = 1
