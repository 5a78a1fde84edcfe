-- Law: the sessions' events sum to the web events of people: no bot, no employee, nothing lost or counted twice.
with wanted as (
    select count(*) as n_events
    from {{ ref('int_web_events') }} as web_events
    inner join {{ source('identity', 'int_identity__map') }} as identity_map on web_events.node_id = identity_map.node_id
    where
        not web_events.is_bot
        and not identity_map.is_staff
),

held as (
    select coalesce(sum(n_events), 0) as n_events
    from {{ ref('fct_sessions') }}
)

select
    wanted.n_events as n_wanted,
    held.n_events as n_held
from wanted
cross join held
where wanted.n_events <> held.n_events
