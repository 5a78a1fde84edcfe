-- One row per cart episode that was promised a delivery of more than five days, or a longer one than three in four carts of its product
-- line where at least thirty were promised one.
with promises as (
    select
        episode,
        event_ref,
        event_at,
        delivery_days
    from {{ ref('cart_steps') }}
    where delivery_days is not null
),

measures as (
    select
        episode,
        product_line
    from {{ ref('cart_measures') }}
),

limits as (
    select
        measures.product_line,
        percentile_cont(0.75) within group (order by promises.delivery_days) as most_days
    from promises
    inner join measures on promises.episode = measures.episode
    group by 1
    having count(*) >= 30
),

long_promises as (
    select
        promises.episode,
        promises.event_ref,
        promises.event_at
    from promises
    inner join measures on promises.episode = measures.episode
    left join limits on measures.product_line = limits.product_line
    where
        promises.delivery_days > 5
        or promises.delivery_days > limits.most_days
)

{{ last_evidence('long_delivery', 'shipping', 'long_promises', 'event_at is not null') }}
