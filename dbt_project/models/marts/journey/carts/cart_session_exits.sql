-- One row per vendor session with an add to a cart and no order confirmed in it: what a rule that looks at one session on one device calls
-- an abandonment, with the cart episode of its last add.
with adds as (
    select
        session_ref,
        unit_key,
        event_ref,
        event_at
    from {{ ref('cart_activity') }}
    where event_name = 'add_to_cart'
),

timeline as (
    select
        episode,
        unit_key,
        event_ref
    from {{ ref('cart_timeline') }}
    where event_name = 'add_to_cart'
),

purchases as (
    select coalesce(vendor_session_ref, device_ref) as session_ref
    from {{ ref('int_web_events') }}
    where
        not is_bot
        and event_name = 'purchase'
    group by 1
),

last_adds as (
    select
        adds.session_ref,
        timeline.episode,
        adds.event_at,
        row_number() over (partition by adds.session_ref order by adds.event_at desc, adds.event_ref desc) as add_rank
    from adds
    inner join timeline
        on
            adds.unit_key = timeline.unit_key
            and adds.event_ref = timeline.event_ref
)

select
    last_adds.session_ref,
    last_adds.episode,
    last_adds.event_at as last_add_at
from last_adds
left join purchases on last_adds.session_ref = purchases.session_ref
where
    last_adds.add_rank = 1
    and purchases.session_ref is null
