-- One row per survey response of a person who did something in the 30 days before: the column of the journey map it happened in last.
-- The same question on the same scale in every column, which a question asked about one column alone could not give.
with answers as (
    select
        response_id,
        customer_id,
        answered_at,
        answer_date,
        sat_overall
    from {{ ref('fct_survey_answers') }}
    where
        customer_id is not null
        and sat_overall is not null
),

map_stages as (
    select
        stage,
        map_stage,
        map_stage_order
    from {{ ref('map_stages') }}
),

events as (
    select
        events.customer_id,
        events.event_at,
        map_stages.map_stage,
        map_stages.map_stage_order
    from {{ ref('fct_events') }} as events
    inner join map_stages on events.stage = map_stages.stage
    where
        events.customer_id is not null
        and not events.is_bot
        and not events.is_staff
        -- Neither a message sent nor the answer itself is what the answer is about.
        and events.event_type not in ('campaign_send', 'survey_answered')
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

latest as (
    select
        answers.response_id,
        answers.customer_id,
        answers.answer_date,
        answers.sat_overall,
        events.map_stage,
        -- Of several at one moment the furthest.
        row_number() over (
            partition by answers.response_id
            order by events.event_at desc, events.map_stage_order desc
        ) as last_rank
    from answers
    cross join run_settings
    inner join events on answers.customer_id = events.customer_id
    where
        answers.answered_at < run_settings.as_of
        and events.event_at <= answers.answered_at
        and events.event_at >= answers.answered_at - interval 30 day
)

select
    response_id,
    customer_id,
    answer_date,
    map_stage,
    sat_overall
from latest
where last_rank = 1
