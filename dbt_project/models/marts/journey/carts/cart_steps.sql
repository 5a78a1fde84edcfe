-- One row per activity of a cart episode, from the first add until the cart was left.
with activity as (
    select * from {{ ref('cart_activity') }}
),

timeline as (
    select
        episode,
        unit_key,
        event_ref,
        event_at
    from {{ ref('cart_timeline') }}
    where not is_order
),

episodes as (
    select
        episode,
        started_at,
        last_activity_at
    from {{ ref('cart_episodes') }}
)

select
    episodes.episode,
    activity.event_ref,
    activity.event_at,
    activity.event_name,
    activity.customer_id,
    activity.is_login,
    activity.cart_ref,
    activity.device_ref,
    activity.session_ref,
    activity.channel,
    activity.device_category,
    activity.region,
    activity.product_id,
    activity.product_line,
    activity.quantity,
    activity.value_amount,
    activity.currency,
    activity.line_amount,
    activity.shipping_amount,
    activity.delivery_days,
    activity.is_login_required
from episodes
inner join timeline
    on
        episodes.episode = timeline.episode
        and timeline.event_at >= episodes.started_at
        and timeline.event_at <= episodes.last_activity_at
inner join activity
    on
        timeline.unit_key = activity.unit_key
        and timeline.event_ref = activity.event_ref
