-- Law: the event log holds each logged event of each system once, no more and no fewer.
with wanted as (
    select
        web_events.system,
        'web' as kind,
        count(*) as n_rows
    from {{ ref('int_web_events') }} as web_events
    left join {{ ref('touchpoints') }} as touchpoints on web_events.event_name = touchpoints.event_type
    where coalesce(touchpoints.is_logged, true)
    group by 1, 2
    union all
    select
        system,
        'order' as kind,
        count(*) as n_rows
    from {{ ref('int_orders') }}
    group by 1, 2
    union all
    select
        system,
        'delivery' as kind,
        count(*) as n_rows
    from {{ ref('int_orders') }}
    where
        delivered_at is not null
        and channel <> 'store'
    group by 1, 2
    union all
    select
        system,
        'refund' as kind,
        count(*) as n_rows
    from {{ ref('int_refunds') }}
    group by 1, 2
    union all
    select
        system,
        'ticket_opened' as kind,
        count(*) as n_rows
    from {{ ref('int_tickets') }}
    group by 1, 2
    union all
    select
        system,
        'ticket_solved' as kind,
        count(*) as n_rows
    from {{ ref('int_tickets') }}
    where solved_at is not null
    group by 1, 2
    union all
    select
        system,
        'review' as kind,
        count(*) as n_rows
    from {{ ref('int_reviews') }}
    group by 1, 2
    union all
    select
        system,
        'survey' as kind,
        count(*) as n_rows
    from {{ ref('int_survey_answers') }}
    group by 1, 2
    union all
    select
        system,
        'campaign' as kind,
        count(*) as n_rows
    from {{ ref('int_campaign_touches') }}
    group by 1, 2
    union all
    select
        system,
        'store' as kind,
        count(*) as n_rows
    from {{ ref('int_store_visits') }}
    group by 1, 2
),

held as (
    select
        system,
        split_part(event_id, ':', 2) as kind,
        count(*) as n_rows
    from {{ ref('fct_events') }}
    group by 1, 2
)

select
    coalesce(wanted.system, held.system) as system,
    coalesce(wanted.kind, held.kind) as kind,
    wanted.n_rows as n_wanted,
    held.n_rows as n_held
from wanted
full join held
    on
        wanted.system = held.system
        and wanted.kind = held.kind
where wanted.n_rows is distinct from held.n_rows
