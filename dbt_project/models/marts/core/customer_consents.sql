-- One row per person, purpose and channel on which any of the person's records has an opinion. The last opinion of each record counts;
-- over the records the most restrictive wins, so that linking two records never widens permission.
with consents as (
    select * from {{ ref('int_consents') }}
),

identity_map as (
    select
        node_id,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

opinions as (
    select
        consents.node_id,
        consents.purpose,
        consents.channel,
        consents.is_granted,
        consents.recorded_at,
        row_number() over (
            partition by consents.node_id, consents.purpose, consents.channel
            order by consents.recorded_at desc, case when consents.is_granted then 1 else 0 end
        ) as opinion_rank
    from consents
    cross join run_settings
    where consents.recorded_at < run_settings.as_of
),

-- A refusal comes before a grant; of several, the newest is the one that holds.
ranked as (
    select
        identity_map.customer_id,
        opinions.node_id,
        opinions.purpose,
        opinions.channel,
        opinions.is_granted,
        opinions.recorded_at,
        count(*) over records as n_source_records,
        row_number() over (
            partition by identity_map.customer_id, opinions.purpose, opinions.channel
            order by case when opinions.is_granted then 1 else 0 end, opinions.recorded_at desc, opinions.node_id
        ) as strictness_rank,
        max(case when opinions.is_granted then 1 else 0 end) over records
        > min(case when opinions.is_granted then 1 else 0 end) over records as is_conflict
    from opinions
    inner join identity_map on opinions.node_id = identity_map.node_id
    where opinions.opinion_rank = 1
    window records as (partition by identity_map.customer_id, opinions.purpose, opinions.channel)
)

select
    customer_id,
    purpose,
    channel,
    is_granted,
    node_id as decided_by_node_id,
    recorded_at as decided_at,
    n_source_records,
    is_conflict
from ranked
where strictness_rank = 1
