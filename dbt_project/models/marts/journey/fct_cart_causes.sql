-- One row per cart and cause that holds for it, bought or not, with the event that proves it and how close to the exit it lay.
with evidence as (
    select * from {{ ref('cart_evidence') }}
),

outcomes as (
    select
        episode,
        cart_id,
        customer_id,
        cart_date,
        last_activity_at,
        is_abandoned
    from {{ ref('cart_outcomes') }}
),

primary_causes as (
    select * from {{ ref('cart_primary_causes') }}
),

tickets as (
    select
        ticket_id,
        topic
    from {{ ref('fct_tickets') }}
)

select
    outcomes.cart_id,
    outcomes.customer_id,
    outcomes.cart_date,
    evidence.cause,
    evidence.at_risk_step,
    evidence.evidence_type,
    evidence.evidence_at,
    case when evidence.evidence_type = 'web_event' then evidence.evidence_ref end as event_ref,
    case when evidence.evidence_type = 'ticket' then evidence.evidence_ref end as ticket_id,
    tickets.topic as ticket_topic,
    case when evidence.evidence_type = 'product' then evidence.evidence_ref end as product_id,
    {{ seconds_between('evidence.evidence_at', 'outcomes.last_activity_at') }} as seconds_to_exit,
    outcomes.is_abandoned,
    outcomes.is_abandoned and primary_causes.cause is not null as is_primary
from evidence
inner join outcomes on evidence.episode = outcomes.episode
left join primary_causes
    on
        evidence.episode = primary_causes.episode
        and evidence.cause = primary_causes.cause
left join tickets on evidence.evidence_ref = tickets.ticket_id
