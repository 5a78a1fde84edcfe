-- One row per support ticket.
with tickets as (
    select * from {{ ref('int_tickets') }}
),

order_names as (
    {{ order_names() }}
),

product_lines as (
    select * from {{ ref('product_lines') }}
),

orders as (
    select
        order_id,
        main_product_line
    from {{ ref('fct_orders') }}
),

identity_map as (
    select
        node_id,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

times as (
    select * from {{ ref('fct_ticket_times') }}
),

resolved as (
    select
        tickets.*,
        identity_map.customer_id,
        order_names.order_id,
        coalesce(tickets.product_line, orders.main_product_line) as line,
        run_settings.as_of,
        {{ date_in_zone('tickets.opened_at', 'run_settings.reporting_time_zone') }} as opened_date,
        lag(tickets.opened_at) over by_topic as previous_opened_at,
        lag(tickets.channel) over by_topic as previous_channel,
        lead(tickets.opened_at) over by_topic as next_opened_at
    from tickets
    cross join run_settings
    left join identity_map on tickets.node_id = identity_map.node_id
    left join order_names on {{ order_name_key('tickets.order_name') }} = order_names.order_key
    left join orders on order_names.order_id = orders.order_id
    window by_topic as (
        partition by identity_map.customer_id, tickets.topic
        order by tickets.opened_at, tickets.system, tickets.ticket_ref
    )
),

-- A contact about a topic repeats the one before it when so few days lie between them.
flagged as (
    select
        *,
        coalesce(
            topic is not null and opened_at <= previous_opened_at + interval {{ var('repeat_contact_days') }} day, false
        ) as is_repeat_contact,
        coalesce(
            topic is not null and next_opened_at <= opened_at + interval {{ var('repeat_contact_days') }} day, false
        ) as has_repeat_contact,
        opened_at + interval {{ var('repeat_contact_days') }} day <= as_of as is_judged
    from resolved
)

select
    flagged.system || ':' || flagged.ticket_ref as ticket_id,
    flagged.system,
    flagged.ticket_ref,
    flagged.customer_id,
    flagged.opened_at,
    flagged.opened_date,
    flagged.solved_at,
    flagged.channel,
    flagged.status,
    -- The status says open or solved at the export; a solution after as_of has not happened yet.
    flagged.opened_at < flagged.as_of
    and (flagged.is_open or coalesce(flagged.solved_at >= flagged.as_of, false)) as is_open,
    flagged.priority,
    flagged.ticket_type,
    flagged.topic,
    flagged.order_id,
    flagged.line as product_line,
    product_lines.division,
    flagged.region,
    flagged.agent_ref,
    flagged.team_ref,
    flagged.n_replies,
    flagged.n_reopens,
    flagged.n_stations,
    times.is_out_of_hours,
    times.first_solved_at,
    times.reopened_at,
    times.first_reply_minutes_calendar,
    times.first_reply_minutes_business,
    times.first_resolution_minutes_calendar,
    times.first_resolution_minutes_business,
    times.resolution_minutes_calendar,
    times.resolution_minutes_business,
    times.age_minutes_calendar,
    times.age_minutes_business,
    case when flagged.solved_at is not null then flagged.n_replies <= 1 end as is_one_touch,
    case when flagged.rating in ('good', 'bad') then flagged.rating end as rating,
    case when flagged.rating in ('good', 'bad') then flagged.rated_at end as rated_at,
    flagged.is_repeat_contact,
    flagged.is_repeat_contact and flagged.channel <> flagged.previous_channel as is_channel_switch,
    -- Of first contacts only, and once the days are over in which the person could have come back.
    case
        when flagged.topic is not null and flagged.is_judged and not flagged.is_repeat_contact
            then times.closed_at is not null and coalesce(flagged.n_reopens, 0) = 0 and not flagged.has_repeat_contact
    end as is_first_contact_resolution
from flagged
left join times on flagged.system || ':' || flagged.ticket_ref = times.ticket_id
left join product_lines on flagged.line = product_lines.product_line
