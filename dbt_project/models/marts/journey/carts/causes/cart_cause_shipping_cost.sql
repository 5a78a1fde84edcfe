-- One row per cart episode that was shown a shipping fee of at least 8 % of its value.
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
        value_amount > 0
        and shipping_amount >= 0.08 * value_amount
),

shown as (
    select
        steps.episode,
        steps.event_ref,
        steps.event_at
    from steps
    inner join outcomes on steps.episode = outcomes.episode
)

{{ last_evidence('shipping_cost', 'shipping', 'shown', 'event_at is not null') }}
