-- One row per cart episode and web event of its sessions that may prove why it was left: errors, load times, searches, help pages, looks
-- for a discount. Only what came before the outcome; load time is felt in the whole session, the rest counts from the first add.
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
        n_results,
        event_name in ('security_policy_view', 'privacy_policy_view')
        or (
            event_name = 'page_view'
            and {{ regex_matches("lower(coalesce(page_path, ''))", '(security|privacy|datenschutz|sicherheit|privacidad|seguridad)') }}
        ) as is_policy_view,
        event_name = 'view_promotion'
        or (
            event_name in ('page_view', 'session_start')
            and {{ regex_matches(
                "lower(coalesce(source, '') || ' ' || coalesce(page_path, ''))", '(coupon|voucher|promo-?code|gutschein|cupon)'
            ) }}
        ) as is_discount_search
    from {{ ref('int_web_events') }}
    where
        not is_bot
        and event_name in (
            'page_timing', 'exception', 'form_error', 'payment_declined', 'payment_method_unavailable', 'out_of_stock', 'coupon_error',
            'view_search_results', 'faq_view', 'returns_policy_view', 'security_policy_view', 'privacy_policy_view', 'view_promotion',
            'page_view', 'session_start'
        )
)

select
    steps.episode,
    web_events.event_ref,
    web_events.event_at,
    web_events.event_name,
    web_events.load_time_ms,
    web_events.n_results,
    web_events.is_policy_view,
    web_events.is_discount_search,
    web_events.event_at >= outcomes.started_at as is_after_add
from steps
inner join outcomes on steps.episode = outcomes.episode
inner join web_events
    on
        steps.session_ref = web_events.session_ref
        and web_events.event_at < outcomes.evidence_until_at
where
    web_events.event_name not in ('page_view', 'session_start')
    or web_events.is_policy_view
    or web_events.is_discount_search
