-- One row per cart episode and web event of its sessions that may prove why it was left: errors, load times, searches, help pages. Only
-- what came before the outcome; load time is felt in the whole session, the rest counts from the first add.
with steps as (
    select
        episode,
        session_ref
    from {{ ref('cart_steps') }}
    group by 1, 2
),

outcomes as (
    select
        episode,
        started_at,
        evidence_until_at
    from {{ ref('cart_outcomes') }}
),

web_events as (
    select
        event_ref,
        coalesce(vendor_session_ref, device_ref) as session_ref,
        event_at,
        event_name,
        load_time_ms,
        n_results
    from {{ ref('int_web_events') }}
    where
        not is_bot
        and event_name in (
            'page_timing', 'exception', 'form_error', 'payment_declined', 'out_of_stock', 'coupon_error', 'view_search_results',
            'faq_view', 'returns_policy_view'
        )
)

select
    steps.episode,
    web_events.event_ref,
    web_events.event_at,
    web_events.event_name,
    web_events.load_time_ms,
    web_events.n_results,
    web_events.event_at >= outcomes.started_at as is_after_add
from steps
inner join outcomes on steps.episode = outcomes.episode
inner join web_events
    on
        steps.session_ref = web_events.session_ref
        and web_events.event_at < outcomes.evidence_until_at
