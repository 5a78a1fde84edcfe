-- One row per person and visit of a stage: from the first evidence of the stage to its last, without a pause longer than the stage's
-- timeout; a pause of exactly the timeout is none. An order ends a round: what a person does after it is a new visit.
--
-- A visit is over by the first of: evidence of a later stage (advanced), the next order (advanced), the timeout (lost). A stage before
-- the order and one after it are not compared: a parcel that arrives while its buyer looks around again is no progress of the looking.
with events as (
    select
        customer_id,
        event_at,
        stage
    from {{ ref('fct_events') }}
    where
        customer_id is not null
        and stage is not null
        and not is_bot
        and not is_staff
),

stages as (
    select
        stages.stage,
        stages.stage_order,
        stages.timeout_days,
        stages.is_order,
        stages.is_order or decision_phases.phase_order = 4 as is_after_order
    from {{ ref('stages') }} as stages
    inner join {{ ref('decision_phases') }} as decision_phases on stages.cdj_phase = decision_phases.cdj_phase
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

evidence as (
    select
        events.customer_id,
        stages.stage_order,
        events.event_at,
        stages.is_order,
        stages.is_after_order,
        stages.timeout_days,
        count(*) as n_events
    from events
    cross join run_settings
    inner join stages on events.stage = stages.stage
    where events.event_at < run_settings.as_of
    group by 1, 2, 3, 4, 5, 6
),

-- Orders so far, the order itself included. What happens at the moment of an order belongs to the round it ends.
rounded as (
    select
        *,
        sum(case when is_order then 1 else 0 end) over (
            partition by customer_id
            order by event_at, is_order, stage_order
            rows between unbounded preceding and current row
        ) as journey_round
    from evidence
),

paused as (
    select
        *,
        lag(event_at) over (partition by customer_id, journey_round, stage_order order by event_at) as previous_at
    from rounded
),

numbered as (
    select
        *,
        sum(case when event_at <= previous_at + timeout_days * interval 1 day then 0 else 1 end) over (
            partition by customer_id, journey_round, stage_order
            order by event_at
            rows between unbounded preceding and current row
        ) as visit_number
    from paused
),

visits as (
    select
        customer_id,
        journey_round,
        stage_order,
        is_after_order,
        visit_number,
        min(event_at) as entered_at,
        max(event_at) as last_evidence_at,
        max(event_at) + max(timeout_days) * interval 1 day as expires_at,
        sum(n_events) as n_events
    from numbered
    group by 1, 2, 3, 4, 5
),

orders as (
    select
        customer_id,
        journey_round - 1 as ended_round,
        event_at
    from rounded
    where is_order
),

later_evidence as (
    select
        visits.customer_id,
        visits.journey_round,
        visits.stage_order,
        visits.visit_number,
        min(rounded.event_at) as advanced_at
    from visits
    inner join rounded
        on
            visits.customer_id = rounded.customer_id
            and visits.journey_round = rounded.journey_round
            and visits.is_after_order = rounded.is_after_order
            and visits.stage_order < rounded.stage_order
            and visits.entered_at <= rounded.event_at
            and visits.expires_at >= rounded.event_at
    group by 1, 2, 3, 4
),

ended as (
    select
        visits.*,
        orders.event_at as round_ended_at,
        case when orders.event_at <= visits.expires_at then orders.event_at end as ordered_at,
        later_evidence.advanced_at
    from visits
    left join orders
        on
            visits.customer_id = orders.customer_id
            and visits.journey_round = orders.ended_round
    left join later_evidence
        on
            visits.customer_id = later_evidence.customer_id
            and visits.journey_round = later_evidence.journey_round
            and visits.stage_order = later_evidence.stage_order
            and visits.visit_number = later_evidence.visit_number
),

-- An order comes after whatever else happens in its round.
judged as (
    select
        *,
        coalesce(advanced_at, ordered_at) as went_on_at,
        lag(stage_order) over (partition by customer_id order by entered_at, stage_order) as previous_stage_order
    from ended
)

select
    judged.customer_id,
    stages.stage,
    judged.stage_order,
    cast(judged.journey_round as bigint) as journey_round,
    judged.entered_at,
    judged.last_evidence_at,
    judged.expires_at,
    cast(judged.n_events as bigint) as n_events,
    case
        when judged.went_on_at is not null then judged.went_on_at
        when judged.expires_at < run_settings.as_of then judged.expires_at
    end as exited_at,
    case
        when judged.went_on_at is not null then 'advanced'
        when judged.expires_at < run_settings.as_of then 'lost'
        else 'still_there'
    end as outcome,
    judged.round_ended_at,
    coalesce(judged.previous_stage_order > judged.stage_order, false) as is_return
from judged
cross join run_settings
inner join stages on judged.stage_order = stages.stage_order
