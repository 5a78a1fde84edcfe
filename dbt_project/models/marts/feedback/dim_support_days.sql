-- One row per calendar of support and day: when it opens and closes, and how long it was open on all days before.
with calendars as (
    select
        calendar,
        min(time_zone) as time_zone
    from {{ ref('support_calendars') }}
    group by calendar
),

hours as (
    select * from {{ ref('support_hours') }}
),

holidays as (
    select * from {{ ref('support_holidays') }}
),

tickets as (
    select min(opened_at) as first_opened_at from {{ ref('int_tickets') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

-- A day more on both sides: the date of a moment in a zone may be the day before or after.
bounds as (
    select
        cast(tickets.first_opened_at as date) - interval 1 day as first_date,
        run_settings.as_of_date + interval 1 day as last_date
    from tickets
    cross join run_settings
    where tickets.first_opened_at is not null
),

days as (
    select {{ days_between('first_date', 'last_date') }} as calendar_date
    from bounds
),

local_hours as (
    select
        calendars.calendar,
        calendars.time_zone,
        days.calendar_date,
        holidays.holiday_date is not null as is_holiday,
        case when holidays.holiday_date is null then {{ minutes_of_day('hours.opens_at') }} end as opens_minute,
        case when holidays.holiday_date is null then {{ minutes_of_day('hours.closes_at') }} end as closes_minute
    from days
    cross join calendars
    left join hours
        on calendars.calendar = hours.calendar and {{ iso_day_of_week('days.calendar_date') }} = hours.weekday
    left join holidays
        on calendars.calendar = holidays.calendar and days.calendar_date = holidays.holiday_date
),

moments as (
    select
        *,
        {{ zone_to_utc('cast(calendar_date as timestamp) + opens_minute * interval 1 minute', 'time_zone') }} as opens_at,
        {{ zone_to_utc('cast(calendar_date as timestamp) + closes_minute * interval 1 minute', 'time_zone') }} as closes_at
    from local_hours
),

lengths as (
    select
        *,
        coalesce({{ seconds_between('opens_at', 'closes_at') }}, 0) as open_seconds
    from moments
)

select
    calendar,
    calendar_date,
    time_zone,
    is_holiday,
    opens_at,
    closes_at,
    cast(open_seconds as double) as open_seconds,
    cast(sum(open_seconds) over (partition by calendar order by calendar_date) - open_seconds as double) as open_seconds_before
from lengths
