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

resolved as (
    select
        tickets.*,
        identity_map.customer_id,
        order_names.order_id,
        coalesce(tickets.product_line, orders.main_product_line) as line,
        run_settings.as_of,
        {{ date_in_zone('tickets.opened_at', 'run_settings.reporting_time_zone') }} as opened_date,
        lag(tickets.opened_at) over (
            partition by identity_map.customer_id, tickets.topic
            order by tickets.opened_at, tickets.system, tickets.ticket_ref
        ) as previous_opened_at
    from tickets
    cross join run_settings
    left join identity_map on tickets.node_id = identity_map.node_id
    left join order_names on {{ order_name_key('tickets.order_name') }} = order_names.order_key
    left join orders on order_names.order_id = orders.order_id
)

select
    resolved.system || ':' || resolved.ticket_ref as ticket_id,
    resolved.system,
    resolved.ticket_ref,
    resolved.customer_id,
    resolved.opened_at,
    resolved.opened_date,
    resolved.solved_at,
    resolved.channel,
    resolved.status,
    -- The status says open or solved at the export; a solution after as_of has not happened yet.
    resolved.opened_at < resolved.as_of
    and (resolved.is_open or coalesce(resolved.solved_at >= resolved.as_of, false)) as is_open,
    resolved.priority,
    resolved.ticket_type,
    resolved.topic,
    resolved.order_id,
    resolved.line as product_line,
    product_lines.division,
    resolved.region,
    resolved.agent_ref,
    resolved.team_ref,
    resolved.n_replies,
    resolved.n_reopens,
    resolved.first_reply_minutes_calendar,
    resolved.first_reply_minutes_business,
    resolved.resolution_minutes_calendar,
    resolved.resolution_minutes_business,
    case when resolved.solved_at is not null then resolved.n_replies <= 1 end as is_one_touch,
    case when resolved.rating in ('good', 'bad') then resolved.rating end as rating,
    case when resolved.rating in ('good', 'bad') then resolved.rated_at end as rated_at,
    coalesce(
        resolved.topic is not null and resolved.opened_at <= resolved.previous_opened_at + interval 7 day, false
    ) as is_repeat_contact
from resolved
left join product_lines on resolved.line = product_lines.product_line
