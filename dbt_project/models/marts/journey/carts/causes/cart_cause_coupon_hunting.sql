-- One row per cart episode that left its checkout to look for a discount and came back: a promotion or a page of codes seen after
-- begin_checkout, a step of the cart after it. Away and not back is no evidence: it may have been anything.
with checkouts as (
    select
        episode,
        min(event_at) filter (where event_name = 'begin_checkout') as begun_at,
        max(event_at) as last_step_at
    from {{ ref('cart_steps') }}
    where event_name in ('view_cart', 'begin_checkout', 'add_shipping_info', 'add_payment_info')
    group by 1
),

signs as (
    select
        episode,
        event_ref,
        event_at
    from {{ ref('cart_signs') }}
    where is_discount_search
),

away as (
    select
        signs.episode,
        signs.event_ref,
        signs.event_at
    from signs
    inner join checkouts
        on
            signs.episode = checkouts.episode
            and signs.event_at > checkouts.begun_at
            and signs.event_at < checkouts.last_step_at
)

{{ last_evidence('coupon_hunting', 'checkout', 'away', 'event_at is not null') }}
