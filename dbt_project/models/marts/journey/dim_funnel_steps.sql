-- One row per funnel and step, as the funnels file defines them.
with definitions as (
    select * from {{ source('run', 'funnel_definitions') }}
)

select
    funnel_number,
    funnel_id,
    description,
    unit,
    window_seconds,
    mode,
    is_strict_order,
    is_strict_deduplication,
    is_strict_increase,
    is_open,
    hold_constant,
    breakdowns,
    n_steps,
    step_order,
    step
from definitions
