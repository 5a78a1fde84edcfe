-- One row per day, region and channel from the first ticket to as_of: tickets open at its start and end, and what came and went.
with times as (
    select * from {{ ref('fct_ticket_times') }}
),

tickets as (
    select
        fct_tickets.ticket_id,
        coalesce(fct_tickets.region, 'unknown') as region,
        fct_tickets.channel
    from {{ ref('fct_tickets') }} as fct_tickets
    inner join {{ ref('dim_customers') }} as dim_customers
        on fct_tickets.customer_id = dim_customers.customer_id
    where not dim_customers.is_staff
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

-- A ticket is solved once more than it is reopened, or as often and open.
-- When it was solved before a reopening nobody dates, it stays open.
changes as (
    select
        ticket_id,
        opened_at as changed_at,
        'created' as change
    from times
    union all
    select
        ticket_id,
        first_solved_at as changed_at,
        'solved' as change
    from times
    where reopened_at is not null
    union all
    select
        ticket_id,
        reopened_at as changed_at,
        'reopened' as change
    from times
    where reopened_at is not null
    union all
    select
        ticket_id,
        closed_at as changed_at,
        'solved' as change
    from times
    where closed_at is not null
),

dated as (
    select
        tickets.region,
        tickets.channel,
        {{ date_in_zone('changes.changed_at', 'run_settings.reporting_time_zone') }} as day,
        changes.change
    from changes
    inner join tickets on changes.ticket_id = tickets.ticket_id
    cross join run_settings
),

changed as (
    select
        region,
        channel,
        day,
        sum(case when change = 'created' then 1 else 0 end) as n_created,
        sum(case when change = 'reopened' then 1 else 0 end) as n_reopened,
        sum(case when change = 'solved' then 1 else 0 end) as n_solved
    from dated
    group by region, channel, day
),

spans as (
    select
        changed.region,
        changed.channel,
        min(changed.day) as first_day,
        max(run_settings.as_of_date) as last_day
    from changed
    cross join run_settings
    group by changed.region, changed.channel
),

days as (
    select
        region,
        channel,
        {{ days_between('first_day', 'last_day') }} as day
    from spans
),

counted as (
    select
        days.day,
        days.region,
        days.channel,
        coalesce(changed.n_created, 0) as n_created,
        coalesce(changed.n_reopened, 0) as n_reopened,
        coalesce(changed.n_solved, 0) as n_solved
    from days
    left join changed
        on days.region = changed.region and days.channel = changed.channel and days.day = changed.day
),

stocked as (
    select
        *,
        sum(n_created + n_reopened - n_solved) over (partition by region, channel order by day) as n_closing
    from counted
)

select
    day as calendar_date,
    region,
    channel,
    cast(n_closing - n_created - n_reopened + n_solved as bigint) as n_opening,
    cast(n_created as bigint) as n_created,
    cast(n_reopened as bigint) as n_reopened,
    cast(n_solved as bigint) as n_solved,
    cast(n_closing as bigint) as n_closing
from stocked
