-- One row per person, phase and quarter in which the person was in the phase: there at its start, came, went, there at its end.
with phases as (
    select
        *,
        extract(year from entered_date) * 4 + extract(quarter from entered_date) - 1 as entered_quarter,
        extract(year from exited_date) * 4 + extract(quarter from exited_date) - 1 as exited_quarter
    from {{ ref('fct_journey_phases') }}
),

-- Before the longest timeout of a phase has passed since the log began, leavers by timeout cannot all be seen.
timeouts as (
    select
        case when stages.is_order then 4 else decision_phases.phase_order end as phase_order,
        max(stages.timeout_days) as timeout_days
    from {{ ref('stages') }} as stages
    inner join {{ ref('decision_phases') }} as decision_phases on stages.cdj_phase = decision_phases.cdj_phase
    group by 1
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

bounds as (
    select
        min(phases.entered_date) as first_date,
        min(run_settings.as_of_date) as last_date
    from phases
    cross join run_settings
),

days as (
    select {{ days_between('first_date', 'last_date') }} as day
    from bounds
    where first_date is not null
),

quarters as (
    select
        extract(year from day) * 4 + extract(quarter from day) - 1 as quarter_number,
        min(day) as first_day
    from days
    group by 1
),

visits as (
    select
        phases.customer_id,
        phases.phase,
        phases.phase_order,
        phases.outcome,
        phases.is_recovered,
        quarters.quarter_number,
        quarters.first_day >= bounds.first_date + timeouts.timeout_days * interval 1 day as is_settled,
        phases.entered_quarter < quarters.quarter_number as is_there_at_start,
        phases.entered_quarter = quarters.quarter_number as comes,
        coalesce(phases.exited_quarter = quarters.quarter_number, false) as goes
    from phases
    cross join bounds
    inner join timeouts on phases.phase_order = timeouts.phase_order
    inner join quarters
        on
            phases.entered_quarter <= quarters.quarter_number
            and (phases.exited_quarter >= quarters.quarter_number or phases.exited_quarter is null)
)

select
    customer_id,
    phase,
    phase_order,
    cast(quarter_number as bigint) as quarter_number,
    bool_or(is_settled) as is_settled,
    count(*) filter (where is_there_at_start) as n_stock_start,
    count(*) filter (where comes and not is_recovered) as n_entered,
    count(*) filter (where goes and outcome = 'advanced') as n_advanced,
    count(*) filter (where goes and outcome = 'lost') as n_lost,
    count(*) filter (where comes and is_recovered) as n_recovered,
    count(*) filter (where not goes) as n_stock_end
from visits
group by 1, 2, 3, 4
