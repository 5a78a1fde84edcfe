-- One row per system and rule: how many of its landed events the rule decided about, from how many persons. The first rule that holds
-- decides, so the rows of a system add up to what landed; what is left is `counted`.
with web_events as (
    select
        system,
        node_id,
        event_name,
        _n_landings
    from {{ ref('int_web_events') }}
),

events as (
    select
        system,
        customer_id,
        node_id,
        is_bot,
        is_staff
    from {{ ref('fct_events') }}
),

touchpoints as (
    select event_type
    from {{ ref('touchpoints') }}
    where not is_logged
),

identity_map as (
    select
        node_id,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
),

rules as (
    select * from {{ ref('event_rules') }}
),

-- A repetition is no further person's.
ruled as (
    select
        web_events.system,
        'repeated' as rule,
        sum(web_events._n_landings - 1) as n_events,
        count(distinct coalesce(identity_map.customer_id, web_events.node_id)) as n_people
    from web_events
    left join identity_map on web_events.node_id = identity_map.node_id
    where web_events._n_landings > 1
    group by 1
    union all
    select
        web_events.system,
        'technical' as rule,
        count(*) as n_events,
        count(distinct coalesce(identity_map.customer_id, web_events.node_id)) as n_people
    from web_events
    inner join touchpoints on web_events.event_name = touchpoints.event_type
    left join identity_map on web_events.node_id = identity_map.node_id
    group by 1
    union all
    select
        system,
        case when is_bot then 'bot' when is_staff then 'staff' else 'counted' end as rule,
        count(*) as n_events,
        -- An event of nobody known (a receipt without a card) adds no person.
        count(distinct coalesce(customer_id, node_id)) as n_people
    from events
    group by 1, 2
)

select
    ruled.system,
    ruled.rule,
    rules.rule_order,
    rules.is_counted,
    rules.decided_by,
    rules.description,
    cast(ruled.n_events as bigint) as n_events,
    cast(ruled.n_people as bigint) as n_people,
    cast(sum(ruled.n_events) over (partition by ruled.system) as bigint) as n_landed
from ruled
left join rules on ruled.rule = rules.rule
