-- One row per day and shift of the call centre. No entity takes it (agents are counted by person and week): it waits here, typed,
-- for the second system that can fill one.
with final as (
    {{ deduplicate('adventureworks', 'call_center_shifts') }}
)

select
    call_center_id,
    shift_date,
    wage_type,
    shift,
    level_one_operators,
    level_two_operators,
    total_operators,
    calls,
    automatic_responses,
    orders,
    issues_raised,
    average_time_per_issue as average_seconds_per_issue,
    service_grade as abandoned_share,
    _loaded_at
from final
