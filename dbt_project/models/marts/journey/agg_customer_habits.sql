-- One row per person who was seen anywhere: how the person looks around, answers and asks, up to as_of.
with run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

events as (
    select
        events.customer_id,
        count(*) filter (where events.event_type = 'view_item') as n_product_views,
        count(*) filter (where events.event_type = 'view_search_results') as n_searches,
        count(*) filter (where events.event_type = 'add_to_wishlist') as n_wishlist_adds,
        count(*) filter (where events.event_type in ('faq_view', 'returns_policy_view')) as n_help_views,
        count(*) filter (where events.event_type = 'generate_lead') as n_quotes_asked,
        count(*) filter (where events.event_type in ('store_visit', 'store_scan')) as n_store_visits,
        count(*) filter (where events.event_type = 'campaign_send') as n_messages,
        count(*) filter (where events.event_type = 'campaign_open') as n_messages_opened,
        count(*) filter (where events.event_type = 'campaign_click') as n_messages_clicked,
        count(*) filter (where events.event_type = 'ticket_opened') as n_tickets_opened
    from {{ ref('fct_events') }} as events
    cross join run_settings
    where
        events.customer_id is not null
        and not events.is_bot
        and events.event_at < run_settings.as_of
    group by 1
),

sessions as (
    select
        customer_id,
        count(*) as n_sessions,
        count(*) filter (where channel = 'app') as n_app_sessions,
        count(*) filter (where device_category = 'mobile') as n_mobile_sessions
    from {{ ref('fct_sessions') }}
    where customer_id is not null
    group by 1
),

texts as (
    select
        customer_id,
        count(*) as n_texts
    from {{ ref('fct_feedback') }}
    where
        customer_id is not null
        and body is not null
    group by 1
),

answers as (
    select
        customer_id,
        count(*) as n_importance_answers,
        avg(importance_price) as importance_price,
        avg(importance_convenience) as importance_convenience,
        avg(importance_quality) as importance_quality,
        avg(importance_design) as importance_design,
        avg(importance_service) as importance_service
    from {{ ref('fct_survey_answers') }}
    where
        customer_id is not null
        and importance_price is not null
        and importance_convenience is not null
        and importance_quality is not null
        and importance_design is not null
        and importance_service is not null
    group by 1
),

rooming as (
    select
        customer_id,
        count(*) filter (where behaviour = 'webrooming' and is_carried_over) as n_webroomed,
        count(*) filter (where behaviour = 'showrooming' and is_carried_over) as n_showroomed
    from {{ ref('fct_cross_channel_purchases') }}
    where customer_id is not null
    group by 1
),

customers as (
    select customer_id
    from {{ ref('dim_customers') }}
    where not is_staff
)

select
    customers.customer_id,
    coalesce(sessions.n_sessions, 0) as n_sessions,
    coalesce(sessions.n_app_sessions, 0) as n_app_sessions,
    coalesce(sessions.n_mobile_sessions, 0) as n_mobile_sessions,
    coalesce(events.n_product_views, 0) as n_product_views,
    coalesce(events.n_searches, 0) as n_searches,
    coalesce(events.n_wishlist_adds, 0) as n_wishlist_adds,
    coalesce(events.n_help_views, 0) as n_help_views,
    coalesce(events.n_quotes_asked, 0) as n_quotes_asked,
    coalesce(events.n_store_visits, 0) as n_store_visits,
    coalesce(events.n_messages, 0) as n_messages,
    coalesce(events.n_messages_opened, 0) as n_messages_opened,
    coalesce(events.n_messages_clicked, 0) as n_messages_clicked,
    coalesce(events.n_tickets_opened, 0) as n_tickets_opened,
    coalesce(texts.n_texts, 0) as n_texts,
    coalesce(rooming.n_webroomed, 0) as n_webroomed,
    coalesce(rooming.n_showroomed, 0) as n_showroomed,
    coalesce(answers.n_importance_answers, 0) as n_importance_answers,
    cast(answers.importance_price as double) as importance_price,
    cast(answers.importance_convenience as double) as importance_convenience,
    cast(answers.importance_quality as double) as importance_quality,
    cast(answers.importance_design as double) as importance_design,
    cast(answers.importance_service as double) as importance_service
from customers
left join events on customers.customer_id = events.customer_id
left join sessions on customers.customer_id = sessions.customer_id
left join texts on customers.customer_id = texts.customer_id
left join answers on customers.customer_id = answers.customer_id
left join rooming on customers.customer_id = rooming.customer_id
