-- One row per person, column of the journey map, step and channel: how often it was done in the year up to as_of.
with events as (
    select
        customer_id,
        event_at,
        event_type,
        channel,
        stage
    from {{ ref('fct_events') }}
    where
        customer_id is not null
        and stage is not null
        and not is_bot
        and not is_staff
        -- A message sent is nothing the person did.
        and event_type <> 'campaign_send'
),

map_stages as (
    select
        stage,
        map_stage
    from {{ ref('map_stages') }}
),

steps as (
    select
        event_type,
        max(path_step) as path_step
    from {{ ref('touchpoints') }}
    group by 1
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
)

select
    events.customer_id,
    map_stages.map_stage,
    coalesce(steps.path_step, 'none') as path_step,
    events.channel,
    count(*) as n_events
from events
cross join run_settings
inner join map_stages on events.stage = map_stages.stage
left join steps on events.event_type = steps.event_type
where
    events.event_at >= run_settings.as_of - interval 12 month
    and events.event_at < run_settings.as_of
group by 1, 2, 3, 4
