-- One row per cart episode that was shown a fee while at most a quarter of the free-shipping threshold was missing.
with steps as (
    select
        episode,
        event_ref,
        event_at
    from {{ ref('cart_steps') }}
    where shipping_amount > 0
),

outcomes as (
    select episode
    from {{ ref('cart_outcomes') }}
    where
        value_amount < free_shipping_from_amount
        and value_amount >= 0.75 * free_shipping_from_amount
),

shown as (
    select
        steps.episode,
        steps.event_ref,
        steps.event_at
    from steps
    inner join outcomes on steps.episode = outcomes.episode
)

{{ last_evidence('threshold_gap', 'shipping', 'shown', 'event_at is not null') }}
