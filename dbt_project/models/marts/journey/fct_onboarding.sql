-- One row per customer with an order: what happened in the 30 days after the first one.
with orders as (
    select
        order_id,
        customer_id,
        ordered_at,
        channel,
        region
    from {{ ref('fct_orders') }}
    where
        is_first_order
        and is_valid
        and customer_id is not null
),

customers as (
    select customer_id
    from {{ ref('dim_customers') }}
    where not is_staff
),

events as (
    select
        customer_id,
        event_at,
        event_type,
        order_id
    from {{ ref('fct_events') }}
    where
        not is_bot
        and not is_staff
        and event_type in (
            'login', 'sign_up', 'order_delivered', 'faq_view', 'returns_policy_view', 'ticket_opened', 'refund', 'review_posted',
            'survey_answered', 'order_placed', 'store_purchase'
        )
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

-- Two first orders of one moment are one start: the first by name.
starts as (
    select
        orders.*,
        row_number() over (partition by orders.customer_id order by orders.ordered_at, orders.order_id) as start_rank
    from orders
    inner join customers on orders.customer_id = customers.customer_id
),

happened as (
    select
        starts.customer_id,
        bool_or(events.event_type in ('login', 'sign_up')) as has_account_use,
        bool_or(events.event_type = 'order_delivered' and events.order_id = starts.order_id) as has_delivery,
        bool_or(events.event_type in ('faq_view', 'returns_policy_view')) as has_help_page,
        bool_or(events.event_type = 'ticket_opened') as has_support,
        bool_or(events.event_type = 'refund') as has_return,
        bool_or(events.event_type in ('review_posted', 'survey_answered')) as has_feedback,
        bool_or(events.event_type in ('order_placed', 'store_purchase') and events.order_id is distinct from starts.order_id) as has_repeat
    from starts
    inner join events on starts.customer_id = events.customer_id
    where
        starts.start_rank = 1
        and events.event_at > starts.ordered_at
        and events.event_at <= starts.ordered_at + interval 30 day
    group by 1
)

select
    starts.customer_id,
    starts.ordered_at as first_ordered_at,
    starts.channel,
    starts.region,
    starts.ordered_at + interval 30 day <= run_settings.as_of as is_mature,
    coalesce(happened.has_account_use, false) as has_account_use,
    coalesce(happened.has_delivery, false) as has_delivery,
    coalesce(happened.has_help_page, false) as has_help_page,
    coalesce(happened.has_support, false) as has_support,
    coalesce(happened.has_return, false) as has_return,
    coalesce(happened.has_feedback, false) as has_feedback,
    coalesce(happened.has_repeat, false) as has_repeat
from starts
cross join run_settings
left join happened on starts.customer_id = happened.customer_id
where starts.start_rank = 1
