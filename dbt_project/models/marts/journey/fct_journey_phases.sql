-- One row per person and visit of a phase of the circular decision journey. A person is in at most one of consider, evaluate and
-- closure: the furthest whose evidence is inside its timeout since the last order. Beside it a person who has ordered is in loyalty
-- while any evidence after an order is inside its timeout; each order begins a new visit of it, so a loyal person can evaluate again.
--
-- Built from the visits of the stages, not from events: a phase is alive while one of its stages is. Each visit of a stage adds one to
-- its phase when it begins and takes one away when it ends; the sums say which phases are alive at any moment.
with steps as (
    select
        steps.customer_id,
        case when stages.is_order then 4 else decision_phases.phase_order end as phase_order,
        steps.entered_at,
        steps.expires_at,
        steps.round_ended_at,
        steps.journey_round
    from {{ ref('fct_journey_steps') }} as steps
    inner join {{ ref('stages') }} as stages on steps.stage = stages.stage
    inner join {{ ref('decision_phases') }} as decision_phases on stages.cdj_phase = decision_phases.cdj_phase
),

phases as (
    select distinct
        phase,
        phase_order
    from {{ ref('decision_phases') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

-- Nobody is after an order who has none: a question before the first purchase is no loyalty.
spans as (
    select
        customer_id,
        phase_order,
        phase_order = 4 as is_after_order,
        entered_at,
        least(expires_at, coalesce(round_ended_at, expires_at)) as ended_at,
        coalesce(round_ended_at <= expires_at, false) as is_ended_by_order
    from steps
    where
        phase_order < 4
        or journey_round > 0
),

changes as (
    select
        customer_id,
        is_after_order,
        entered_at as changed_at,
        phase_order,
        1 as change,
        false as is_order
    from spans
    union all
    select
        spans.customer_id,
        spans.is_after_order,
        spans.ended_at as changed_at,
        spans.phase_order,
        -1 as change,
        spans.is_ended_by_order as is_order
    from spans
    cross join run_settings
    where
        spans.is_ended_by_order
        or spans.ended_at < run_settings.as_of
),

moments as (
    select
        customer_id,
        is_after_order,
        changed_at,
        bool_or(is_order) as is_order,
        sum(case when phase_order = 1 then change else 0 end) as change_1,
        sum(case when phase_order = 2 then change else 0 end) as change_2,
        sum(case when phase_order = 3 then change else 0 end) as change_3,
        sum(case when phase_order = 4 then change else 0 end) as change_4
    from changes
    group by 1, 2, 3
),

alive as (
    select
        customer_id,
        is_after_order,
        changed_at,
        is_order,
        sum(change_1) over so_far as alive_1,
        sum(change_2) over so_far as alive_2,
        sum(change_3) over so_far as alive_3,
        sum(change_4) over so_far as alive_4
    from moments
    window so_far as (
        partition by customer_id, is_after_order
        order by changed_at
        rows between unbounded preceding and current row
    )
),

positions as (
    select
        customer_id,
        is_after_order,
        changed_at,
        is_order,
        case when alive_4 > 0 then 4 when alive_3 > 0 then 3 when alive_2 > 0 then 2 when alive_1 > 0 then 1 else 0 end as phase_order
    from alive
),

compared as (
    select
        *,
        lag(phase_order) over (partition by customer_id, is_after_order order by changed_at) as previous_phase_order
    from positions
),

moves as (
    select
        *,
        lead(changed_at) over (partition by customer_id, is_after_order order by changed_at) as exited_at,
        lead(phase_order) over (partition by customer_id, is_after_order order by changed_at) as next_phase_order,
        lead(is_order) over (partition by customer_id, is_after_order order by changed_at) as is_next_an_order
    from compared
    where
        is_order
        or phase_order <> coalesce(previous_phase_order, 0)
),

judged as (
    select
        customer_id,
        phase_order,
        changed_at as entered_at,
        exited_at,
        case
            when exited_at is null then 'still_there'
            when is_next_an_order or next_phase_order > phase_order then 'advanced'
            else 'lost'
        end as outcome
    from moves
    where phase_order > 0
),

entries as (
    select
        *,
        lag(outcome) over (partition by customer_id, phase_order order by entered_at) as previous_outcome
    from judged
)

select
    entries.customer_id,
    phases.phase,
    entries.phase_order,
    entries.entered_at,
    entries.exited_at,
    entries.outcome,
    coalesce(entries.previous_outcome = 'lost', false) as is_recovered,
    {{ date_in_zone('entries.entered_at', 'run_settings.reporting_time_zone') }} as entered_date,
    {{ date_in_zone('entries.exited_at', 'run_settings.reporting_time_zone') }} as exited_date
from entries
cross join run_settings
inner join phases on entries.phase_order = phases.phase_order
