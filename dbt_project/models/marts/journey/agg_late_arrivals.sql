-- One row per system and day of loading: how long after they happened its events landed, how many came late (older than what the system
-- had already landed before), and how many sessions a later load changed.
with web_events as (
    select
        system,
        'web' as kind,
        event_at,
        _first_loaded_at as loaded_at
    from {{ ref('int_web_events') }}
),

other_events as (
    select
        system,
        event_type as kind,
        event_at,
        _loaded_at as loaded_at
    from {{ ref('fct_events') }}
    where
        event_id not like system || ':web:%'
),

sessions as (
    select
        split_part(session_id, ':', 1) as system,
        first_loaded_at,
        last_loaded_at
    from {{ ref('fct_sessions') }}
),

events as (
    select * from web_events
    union all
    select * from other_events
),

-- Few rows: a system lands in batches. Kinds of events come in files of their own, so each has its own newest event so far.
loads as (
    select
        system,
        kind,
        loaded_at,
        max(event_at) as newest_at
    from events
    group by 1, 2, 3
),

marks as (
    select
        system,
        kind,
        loaded_at,
        max(newest_at) over (
            partition by system, kind
            order by loaded_at
            rows between unbounded preceding and 1 preceding
        ) as newest_before_at
    from loads
),

lags as (
    select
        events.system,
        cast(events.loaded_at as date) as load_day,
        {{ seconds_between('events.event_at', 'events.loaded_at') }} / 3600.0 as lag_hours,
        coalesce(events.event_at < marks.newest_before_at, false) as is_late
    from events
    inner join marks
        on
            events.system = marks.system
            and events.kind = marks.kind
            and events.loaded_at = marks.loaded_at
),

measured as (
    select
        system,
        load_day,
        count(*) as n_events,
        count(*) filter (where is_late) as n_late_events,
        percentile_cont(0.5) within group (order by lag_hours) as median_lag_hours,
        percentile_cont(0.9) within group (order by lag_hours) as p90_lag_hours,
        max(lag_hours) as max_lag_hours
    from lags
    group by 1, 2
),

-- A session that several loads changed counts at the last of them.
session_days as (
    select
        system,
        cast(last_loaded_at as date) as load_day,
        count(*) as n_sessions,
        count(*) filter (where last_loaded_at > first_loaded_at) as n_sessions_changed
    from sessions
    group by 1, 2
)

select
    measured.system,
    measured.load_day,
    cast(measured.n_events as bigint) as n_events,
    cast(measured.n_late_events as bigint) as n_late_events,
    cast(measured.median_lag_hours as double) as median_lag_hours,
    cast(measured.p90_lag_hours as double) as p90_lag_hours,
    cast(measured.max_lag_hours as double) as max_lag_hours,
    cast(coalesce(session_days.n_sessions, 0) as bigint) as n_sessions,
    cast(coalesce(session_days.n_sessions_changed, 0) as bigint) as n_sessions_changed
from measured
left join session_days
    on
        measured.system = session_days.system
        and measured.load_day = session_days.load_day
