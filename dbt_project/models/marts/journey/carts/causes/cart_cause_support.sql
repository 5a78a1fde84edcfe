-- One row per cart episode whose person asked support within two hours of the exit, before any order: the first such ticket.
with outcomes as (
    select
        episode,
        customer_id,
        last_activity_at,
        outcome_at
    from {{ ref('cart_outcomes') }}
),

tickets as (
    select
        ticket_id,
        customer_id,
        opened_at
    from {{ ref('fct_tickets') }}
),

ranked as (
    select
        outcomes.episode,
        tickets.ticket_id,
        tickets.opened_at,
        row_number() over (partition by outcomes.episode order by tickets.opened_at, tickets.ticket_id) as place
    from outcomes
    inner join tickets
        on
            outcomes.customer_id = tickets.customer_id
            and tickets.opened_at between outcomes.last_activity_at - interval 2 hour and outcomes.last_activity_at + interval 2 hour
            and tickets.opened_at < outcomes.outcome_at
)

select
    episode,
    'support' as cause,
    'cart' as at_risk_step,
    'ticket' as evidence_type,
    ticket_id as evidence_ref,
    opened_at as evidence_at
from ranked
where place = 1
