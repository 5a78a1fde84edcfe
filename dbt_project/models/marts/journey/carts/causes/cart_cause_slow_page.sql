-- One row per cart episode whose pages took three seconds or more at the 75th percentile, in the whole of its sessions; the last
-- slow page is the evidence. Exports carry load times, not the largest contentful paint.
with timings as (
    select
        episode,
        event_ref,
        event_at,
        load_time_ms
    from {{ ref('cart_signs') }}
    where load_time_ms is not null
),

slow_carts as (
    select episode
    from timings
    group by 1
    having percentile_cont(0.75) within group (order by load_time_ms) >= 3000
),

slow_timings as (
    select
        timings.episode,
        timings.event_ref,
        timings.event_at
    from timings
    inner join slow_carts on timings.episode = slow_carts.episode
    where timings.load_time_ms >= 3000
)

{{ last_evidence('slow_page', 'cart', 'slow_timings', 'event_at is not null') }}
