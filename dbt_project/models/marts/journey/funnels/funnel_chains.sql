-- One row per chain that has an entry: a unit, the step it came in by and the value held constant.
with entries as (
    select
        chain,
        funnel_number,
        unit_number,
        held_value,
        step_order as entry_step,
        min(at_us) as first_us
    from {{ ref('funnel_steps') }}
    where until_us is not null
    group by 1, 2, 3, 4, 5
),

definitions as (
    select
        funnel_number,
        window_seconds * 1000000 as window_us,
        is_strict_order,
        is_strict_deduplication,
        is_strict_increase
    from {{ ref('dim_funnel_steps') }}
    where step_order = 1
)

select
    entries.chain,
    entries.funnel_number,
    entries.unit_number,
    entries.held_value,
    entries.entry_step,
    entries.first_us,
    definitions.window_us,
    definitions.is_strict_order,
    definitions.is_strict_deduplication,
    definitions.is_strict_increase
from entries
inner join definitions on entries.funnel_number = definitions.funnel_number
