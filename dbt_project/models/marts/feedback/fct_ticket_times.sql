-- One row per support ticket: when it was answered, solved and reopened, and how long that took on both clocks.
{% set moments = ['opened_at', 'first_reply_at', 'first_solved_at', 'closed_at', 'as_of'] %}
with tickets as (
    select * from {{ ref('int_tickets') }}
),

messages as (
    select * from {{ ref('int_ticket_messages') }}
),

calendars as (
    select * from {{ ref('support_calendars') }}
),

support_days as (
    select * from {{ ref('dim_support_days') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

-- What happens from as_of on has not happened yet.
opened as (
    select
        tickets.system,
        tickets.ticket_ref,
        tickets.opened_at,
        tickets.n_reopens,
        run_settings.as_of,
        coalesce(calendars.calendar, others.calendar) as calendar,
        case when not tickets.is_open and tickets.solved_at < run_settings.as_of then tickets.solved_at end as closed_at,
        tickets.opened_at + tickets.first_reply_minutes_calendar * interval 1 minute as told_reply_at,
        tickets.opened_at + tickets.first_resolution_minutes_calendar * interval 1 minute as told_solved_at
    from tickets
    cross join run_settings
    left join calendars on tickets.region = calendars.region
    left join calendars as others on others.region = 'unknown'
    where tickets.opened_at < run_settings.as_of
),

replies as (
    select
        opened.system,
        opened.ticket_ref,
        min(messages.sent_at) as first_reply_at
    from opened
    inner join messages
        on opened.system = messages.system and opened.ticket_ref = messages.ticket_ref
    where messages.is_agent and messages.is_public and messages.sent_at > opened.opened_at and messages.sent_at < opened.as_of
    group by opened.system, opened.ticket_ref
),

-- A ticket that was never reopened was solved once. Of a reopened one only the desk can say when it was solved first.
solved as (
    select
        opened.*,
        coalesce(replies.first_reply_at, case when opened.told_reply_at < opened.as_of then opened.told_reply_at end) as first_reply_at,
        case
            when coalesce(opened.n_reopens, 0) = 0 then opened.closed_at
            when opened.told_solved_at < opened.as_of then opened.told_solved_at
        end as first_solved_at
    from opened
    left join replies
        on opened.system = replies.system and opened.ticket_ref = replies.ticket_ref
),

-- A desk reopens a solved ticket when the customer writes to it again.
reopenings as (
    select
        solved.system,
        solved.ticket_ref,
        min(messages.sent_at) as reopened_at
    from solved
    inner join messages
        on solved.system = messages.system and solved.ticket_ref = messages.ticket_ref
    where
        solved.n_reopens > 0 and not messages.is_agent and messages.is_public
        and messages.sent_at > solved.first_solved_at
        and messages.sent_at < coalesce(solved.closed_at, solved.as_of)
    group by solved.system, solved.ticket_ref
),

timed as (
    select
        solved.*,
        reopenings.reopened_at
    from solved
    left join reopenings
        on solved.system = reopenings.system and solved.ticket_ref = reopenings.ticket_ref
),

moments as (
    {% for moment in moments -%}
    select
        system,
        ticket_ref,
        calendar,
        '{{ moment }}' as moment,
        {{ moment }} as happened_at
    from timed
    where {{ moment }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- The date of a moment in the calendar's zone finds the day; the zone is that of all its days.
zones as (
    select
        calendar,
        min(time_zone) as time_zone
    from calendars
    group by calendar
),

dated as (
    select
        moments.*,
        {{ date_in_zone('moments.happened_at', 'zones.time_zone') }} as calendar_date
    from moments
    inner join zones on moments.calendar = zones.calendar
),

clocked as (
    select
        dated.system,
        dated.ticket_ref,
        {%- for moment in moments %}
        max(case when dated.moment = '{{ moment }}' then {{ open_seconds_until('dated.happened_at', 'support_days') }} end)
            as open_at_{{ moment }},
        {%- endfor %}
        max(case when dated.moment = 'opened_at' and {{ is_closed_at('dated.happened_at', 'support_days') }} then 1 else 0 end) = 1
            as is_out_of_hours
    from dated
    inner join support_days
        on dated.calendar = support_days.calendar and dated.calendar_date = support_days.calendar_date
    group by dated.system, dated.ticket_ref
)

select
    timed.system || ':' || timed.ticket_ref as ticket_id,
    timed.opened_at,
    timed.calendar,
    clocked.is_out_of_hours,
    timed.first_reply_at,
    timed.first_solved_at,
    timed.reopened_at,
    timed.closed_at,
    {{ seconds_between('timed.opened_at', 'timed.first_reply_at') }} / 60 as first_reply_minutes_calendar,
    cast((clocked.open_at_first_reply_at - clocked.open_at_opened_at) / 60 as double) as first_reply_minutes_business,
    {{ seconds_between('timed.opened_at', 'timed.first_solved_at') }} / 60 as first_resolution_minutes_calendar,
    cast((clocked.open_at_first_solved_at - clocked.open_at_opened_at) / 60 as double) as first_resolution_minutes_business,
    {{ seconds_between('timed.opened_at', 'timed.closed_at') }} / 60 as resolution_minutes_calendar,
    cast((clocked.open_at_closed_at - clocked.open_at_opened_at) / 60 as double) as resolution_minutes_business,
    {{ seconds_between('timed.opened_at', 'timed.as_of') }} / 60 as age_minutes_calendar,
    cast((clocked.open_at_as_of - clocked.open_at_opened_at) / 60 as double) as age_minutes_business
from timed
inner join clocked
    on timed.system = clocked.system and timed.ticket_ref = clocked.ticket_ref
