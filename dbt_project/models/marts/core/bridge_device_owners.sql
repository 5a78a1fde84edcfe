-- One row per device and span of time in which it belongs to one person, told by logins alone. A person owns the device from their login
-- until another person's, the first one also for some days before; nobody owns a device that many people log in on (a store's tablet).
with web_events as (
    select
        node_id,
        device_ref,
        event_at
    from {{ ref('int_web_events') }}
    where not is_bot
),

identity_map as (
    select
        node_id,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
    where
        profile_kind = 'login'
        and not is_staff
),

logins as (
    select
        web_events.device_ref,
        identity_map.customer_id,
        web_events.event_at
    from web_events
    inner join identity_map on web_events.node_id = identity_map.node_id
),

device_people as (
    select
        device_ref,
        customer_id,
        min(event_at) as first_login_at
    from logins
    group by 1, 2
),

devices as (
    select
        device_ref,
        count(*) as n_people,
        min(first_login_at) as first_login_at
    from device_people
    group by 1
    having count(*) <= {{ var('device_max_people') }}
),

-- Few devices have more than one person: only their logins are put in order.
shared_logins as (
    select
        logins.device_ref,
        logins.customer_id,
        logins.event_at,
        lag(logins.customer_id) over (
            partition by logins.device_ref
            order by logins.event_at, logins.customer_id
        ) as previous_customer_id
    from logins
    inner join devices on logins.device_ref = devices.device_ref
    where devices.n_people > 1
),

turns as (
    select
        device_ref,
        customer_id,
        event_at as login_at
    from shared_logins
    where previous_customer_id is distinct from customer_id
    union all
    select
        device_people.device_ref,
        device_people.customer_id,
        device_people.first_login_at as login_at
    from device_people
    inner join devices on device_people.device_ref = devices.device_ref
    where devices.n_people = 1
),

-- Two people at the same instant: the span of the first is empty and left out.
spans as (
    select
        device_ref,
        customer_id,
        login_at,
        lead(login_at) over (partition by device_ref order by login_at, customer_id) as next_login_at
    from turns
)

select
    spans.device_ref,
    spans.customer_id,
    case
        when spans.login_at = devices.first_login_at then spans.login_at - interval {{ var('device_days_before_login') }} day
        else spans.login_at
    end as valid_from,
    spans.next_login_at as valid_to,
    spans.login_at,
    devices.n_people
from spans
inner join devices on spans.device_ref = devices.device_ref
where
    spans.next_login_at is null
    or spans.next_login_at > spans.login_at
