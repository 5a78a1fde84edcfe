-- One row per device and span of time in which it belongs to one person, told by logins alone. A session in which a person logs in is
-- theirs from its start, what follows is theirs until another person's session, and the first person owns the device for some days
-- before. On a device of very many people (a store's tablet) only the sessions with a login belong to anybody.
-- The web events are named twice: one shared relation would be written to disk at a million customers.
with login_events as (
    select
        node_id,
        device_ref,
        event_at
    from {{ ref('int_web_events') }}
    where not is_bot
),

web_events as (
    select
        event_ref,
        node_id,
        device_ref,
        event_at
    from {{ ref('int_web_events') }}
    where not is_bot
),

identity_map as (
    select
        node_id,
        profile_kind,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
    where not is_staff
),

device_people as (
    select
        login_events.device_ref,
        identity_map.customer_id,
        min(login_events.event_at) as first_login_at
    from login_events
    inner join identity_map on login_events.node_id = identity_map.node_id
    where identity_map.profile_kind = 'login'
    group by 1, 2
),

devices as (
    select
        device_ref,
        count(*) as n_people
    from device_people
    group by 1
),

-- Few devices have more than one person: only their events are put in order.
shared_events as (
    select
        web_events.event_ref,
        web_events.device_ref,
        web_events.event_at,
        case when identity_map.profile_kind = 'login' then identity_map.customer_id end as customer_id,
        devices.n_people > {{ var('device_max_people') }} as is_crowded,
        lag(web_events.event_at) over (partition by web_events.device_ref order by web_events.event_at, web_events.event_ref) as previous_at
    from web_events
    inner join devices on web_events.device_ref = devices.device_ref
    inner join identity_map on web_events.node_id = identity_map.node_id
    where devices.n_people > 1
),

numbered_events as (
    select
        *,
        sum(case when event_at <= previous_at + interval {{ var('session_gap_minutes') }} minute then 0 else 1 end) over (
            partition by device_ref
            order by event_at, event_ref
        ) as session_number
    from shared_events
),

sessions as (
    select
        device_ref,
        session_number,
        min(event_at) as started_at,
        max(event_at) as ended_at
    from numbered_events
    group by 1, 2
),

logins as (
    select
        device_ref,
        session_number,
        customer_id,
        event_at,
        is_crowded,
        lag(customer_id) over device_logins as previous_customer_id,
        lag(session_number) over device_logins as previous_session_number
    from numbered_events
    where customer_id is not null
    window device_logins as (partition by device_ref order by event_at, event_ref)
),

-- A turn is a person's until another one's; on a crowded device each session begins anew.
turns as (
    select
        logins.device_ref,
        logins.customer_id,
        logins.event_at as login_at,
        -- What came before the login in its session is the person's, unless another had logged in there.
        case when logins.previous_session_number = logins.session_number then logins.event_at else sessions.started_at end as turned_at,
        case when logins.is_crowded then sessions.ended_at + interval {{ var('session_gap_minutes') }} minute end as left_at
    from logins
    inner join sessions
        on
            logins.device_ref = sessions.device_ref
            and logins.session_number = sessions.session_number
    where
        logins.previous_customer_id is distinct from logins.customer_id
        or (logins.is_crowded and logins.previous_session_number <> logins.session_number)
    union all
    select
        device_people.device_ref,
        device_people.customer_id,
        device_people.first_login_at as login_at,
        device_people.first_login_at as turned_at,
        cast(null as timestamp) as left_at
    from device_people
    inner join devices on device_people.device_ref = devices.device_ref
    where devices.n_people = 1
),

spans as (
    select
        turns.device_ref,
        turns.customer_id,
        turns.login_at,
        case
            when devices.n_people <= {{ var('device_max_people') }} and lag(turns.turned_at) over device_turns is null
                then least(turns.turned_at, turns.login_at - interval {{ var('device_days_before_login') }} day)
            else turns.turned_at
        end as valid_from,
        least(lead(turns.turned_at) over device_turns, turns.left_at) as valid_to,
        devices.n_people
    from turns
    inner join devices on turns.device_ref = devices.device_ref
    window device_turns as (partition by turns.device_ref order by turns.turned_at, turns.login_at, turns.customer_id)
)

select
    device_ref,
    customer_id,
    valid_from,
    valid_to,
    login_at,
    n_people
from spans
-- Two people at the same instant: the span of the first is empty and left out.
where
    valid_to is null
    or valid_to > valid_from
