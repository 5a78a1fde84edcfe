-- When each person was last met on each channel, and how often they asked, reviewed and answered, up to as_of.
{{ config(materialized='view') }}
with events as (
    select
        customer_id,
        event_at,
        event_type,
        channel,
        device_ref
    from {{ ref('fct_events') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
)

select
    events.customer_id,
    min(events.event_at) as first_event_at,
    max(events.event_at) as last_event_at,
    max(events.event_at) filter (where events.channel in ('web', 'app') and events.device_ref is not null) as last_web_at,
    max(events.event_at) filter (where events.channel = 'store') as last_store_at,
    max(events.event_at) filter (where events.event_type = 'campaign_send' and events.channel = 'email') as last_email_sent_at,
    max(events.event_at) filter (where events.event_type = 'campaign_click' and events.channel = 'email') as last_email_click_at,
    max(events.event_at) filter (where events.event_type = 'ticket_opened') as last_ticket_at,
    max(events.event_at) filter (where events.event_type = 'review_posted') as last_review_at,
    max(events.event_at) filter (where events.event_type = 'survey_answered') as last_survey_at,
    count(*) filter (where events.event_type = 'ticket_opened') as n_tickets,
    count(*) filter (where events.event_type = 'review_posted') as n_reviews,
    count(*) filter (where events.event_type = 'survey_answered') as n_survey_responses
from events
cross join run_settings
where
    events.customer_id is not null
    and events.event_at < run_settings.as_of
group by 1
