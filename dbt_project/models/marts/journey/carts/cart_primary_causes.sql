-- One row per cart episode with a cause that may be the main one. Something that broke comes before cost and delivery, these before the
-- rest (seed cart_causes); within a tier the sign closest to the exit wins, then the seed's order. A sign of a step the cart went past is
-- no cause of leaving later.
with evidence as (
    select * from {{ ref('cart_evidence') }}
),

causes as (
    select * from {{ ref('cart_causes') }}
),

outcomes as (
    select
        episode,
        has_checkout,
        has_shipping
    from {{ ref('cart_outcomes') }}
),

ranked as (
    select
        evidence.episode,
        evidence.cause,
        row_number() over (
            partition by evidence.episode
            order by causes.tier, evidence.evidence_at desc, causes.precedence
        ) as cause_rank
    from evidence
    inner join causes on evidence.cause = causes.cause
    inner join outcomes on evidence.episode = outcomes.episode
    where
        causes.until_step is null
        or (causes.until_step = 'checkout' and not outcomes.has_checkout)
        or (causes.until_step = 'shipping' and not outcomes.has_shipping)
)

select
    episode,
    cause
from ranked
where cause_rank = 1
