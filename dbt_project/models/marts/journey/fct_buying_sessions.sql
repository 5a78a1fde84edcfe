-- One row per session with a purchase: what it took to get there, from its first event to the confirmation of the (first) order.
with sessions as (
    select
        session_id,
        customer_id,
        device_ref,
        session_date,
        started_at,
        ended_at,
        channel,
        device_category,
        region
    from {{ ref('fct_sessions') }}
    where has_purchase
),

events as (
    select
        device_ref,
        event_at,
        event_type,
        touchpoint
    from {{ ref('fct_events') }}
    where
        device_ref is not null
        and not is_bot
        and not is_staff
),

session_events as (
    select
        sessions.session_id,
        events.event_at,
        events.event_type,
        events.touchpoint
    from sessions
    inner join events
        on
            sessions.device_ref = events.device_ref
            and events.event_at >= sessions.started_at
            and events.event_at <= sessions.ended_at
),

confirmed as (
    select
        session_id,
        min(event_at) as confirmed_at
    from session_events
    where event_type = 'order_confirmation'
    group by 1
),

-- A visit begins, a promotion shows and a page fails by themselves; everything else is something the person did.
efforts as (
    select
        session_events.session_id,
        count(*) filter (where session_events.touchpoint not in ('visit', 'promotion', 'site_error', 'stock')) as n_clicks,
        count(*) filter (where session_events.touchpoint in ('account', 'checkout', 'form_error', 'coupon', 'payment')) as n_form_steps,
        count(*) filter (where session_events.touchpoint in ('form_error', 'coupon', 'payment', 'site_error')) as n_obstacles
    from session_events
    inner join confirmed on session_events.session_id = confirmed.session_id
    where
        session_events.event_at <= confirmed.confirmed_at
        and session_events.event_type <> 'order_confirmation'
    group by 1
)

select
    sessions.session_id,
    sessions.customer_id,
    sessions.session_date,
    sessions.channel,
    sessions.device_category,
    sessions.region,
    {{ seconds_between('sessions.started_at', 'confirmed.confirmed_at') }} as seconds_to_purchase,
    cast(coalesce(efforts.n_clicks, 0) as bigint) as n_clicks,
    cast(coalesce(efforts.n_form_steps, 0) as bigint) as n_form_steps,
    cast(coalesce(efforts.n_obstacles, 0) as bigint) as n_obstacles
from sessions
inner join confirmed on sessions.session_id = confirmed.session_id
left join efforts on sessions.session_id = efforts.session_id
