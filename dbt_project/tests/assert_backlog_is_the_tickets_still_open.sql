-- Law: opening + created + reopened - solved = closing, the day's opening is the closing of the day before, and at the end of the last day
-- of each month the closing is the number of tickets then open, counted one by one.
with backlog as (
    select
        *,
        lag(n_closing) over (partition by region, channel order by calendar_date) as previous_closing,
        lead(calendar_date) over (partition by region, channel order by calendar_date) as next_date
    from {{ ref('agg_support_backlog') }}
),

ends as (
    select
        backlog.calendar_date,
        backlog.region,
        backlog.channel,
        backlog.n_closing,
        {{ zone_to_utc('cast(backlog.calendar_date as timestamp) + interval 1 day', 'run_settings.reporting_time_zone') }} as ends_at
    from backlog
    cross join {{ source('run', 'run_settings') }} as run_settings
    where backlog.next_date is null or month(backlog.next_date) <> month(backlog.calendar_date)
),

tickets as (
    select
        coalesce(fct_tickets.region, 'unknown') as region,
        fct_tickets.channel,
        times.opened_at,
        times.first_solved_at,
        times.reopened_at,
        times.closed_at
    from {{ ref('fct_ticket_times') }} as times
    inner join {{ ref('fct_tickets') }} as fct_tickets
        on times.ticket_id = fct_tickets.ticket_id
    inner join {{ ref('dim_customers') }} as dim_customers
        on fct_tickets.customer_id = dim_customers.customer_id
    where not dim_customers.is_staff
),

counted as (
    select
        ends.calendar_date,
        ends.region,
        ends.channel,
        max(ends.n_closing) as n_closing,
        sum(
            case
                when
                    tickets.opened_at < ends.ends_at
                    and (tickets.closed_at is null or tickets.closed_at >= ends.ends_at)
                    and not (
                        tickets.reopened_at is not null
                        and tickets.first_solved_at < ends.ends_at
                        and tickets.reopened_at >= ends.ends_at
                    )
                    then 1
                else 0
            end
        ) as n_open
    from ends
    left join tickets
        on ends.region = tickets.region and ends.channel = tickets.channel
    group by ends.calendar_date, ends.region, ends.channel
)

select
    calendar_date,
    region,
    channel,
    'identity' as what
from backlog
where
    n_closing <> n_opening + n_created + n_reopened - n_solved
    or n_opening <> coalesce(previous_closing, 0)
    or n_opening < 0
    or n_closing < 0
union all
select
    calendar_date,
    region,
    channel,
    'open tickets' as what
from counted
where n_closing <> n_open
