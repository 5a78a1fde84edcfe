-- One row per cart episode: from its first add to when it was left, and the order of its own token. A cart is left at its last activity,
-- or at the first that a day of silence follows: what comes later is recovery.
with timeline as (
    select * from {{ ref('cart_timeline') }}
),

bounds as (
    select
        episode,
        min(event_at) filter (where event_name = 'add_to_cart') as started_at,
        bool_or(is_emptying) as is_emptied,
        max(event_ref) filter (where is_order) as own_order_id,
        max(event_at) filter (where is_order) as own_ordered_at
    from timeline
    group by 1
),

steps as (
    select
        timeline.episode,
        timeline.event_at,
        lead(timeline.event_at) over (partition by timeline.episode order by timeline.event_at, timeline.event_ref) as next_at
    from timeline
    inner join bounds
        on
            timeline.episode = bounds.episode
            and timeline.event_at >= bounds.started_at
    where not timeline.is_order
),

left_at as (
    select
        episode,
        coalesce(
            min(event_at) filter (where next_at > event_at + interval 24 hour),
            max(event_at)
        ) as last_activity_at
    from steps
    group by 1
)

select
    bounds.episode,
    bounds.started_at,
    left_at.last_activity_at,
    bounds.is_emptied,
    bounds.own_order_id,
    bounds.own_ordered_at
from bounds
inner join left_at on bounds.episode = left_at.episode
