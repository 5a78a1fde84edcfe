-- One row per ticket that was not deleted, with its last rating.
with tickets as (
    select * from {{ ref('base_zendesk__tickets') }}
),

ratings as (
    {{ deduplicate('zendesk', 'satisfaction_ratings') }}
),

profiles as (
    select * from {{ ref('stg_zendesk__profiles') }}
),

regions as (
    select * from {{ ref('regions') }}
),

ranked_ratings as (
    select
        ticket_id,
        score,
        comment,
        updated_at,
        row_number() over (partition by ticket_id order by updated_at desc, id desc) as rating_rank
    from ratings
),

rated as (
    select
        'zendesk' as system,
        cast(tickets.id as string) as ticket_ref,
        tickets.node_id,
        tickets.created_at as opened_at,
        tickets.updated_at,
        {{ json_timestamp('tickets.metrics.solved_at') }} as solved_at,
        case {{ json_text('tickets.via', 'channel') }}
            when 'voice' then 'phone'
            when 'web' then 'web_form'
            when 'mobile' then 'app'
            when 'facebook' then 'social'
            else {{ json_text('tickets.via', 'channel') }}
        end as channel,
        tickets.status,
        tickets.status not in ('solved', 'closed') as is_open,
        tickets.priority,
        tickets.type as ticket_type,
        tickets.topic,
        tickets.subject,
        tickets.description,
        tickets.order_name,
        tickets.product_line,
        coalesce(regions.region, profiles.region) as region,
        cast(tickets.assignee_id as string) as agent_ref,
        cast(tickets.group_id as string) as team_ref,
        tickets.metrics.replies as n_replies,
        tickets.metrics.reopens as n_reopens,
        tickets.metrics.assignee_stations as n_stations,
        tickets.metrics.reply_time_in_minutes.calendar as first_reply_minutes_calendar,
        tickets.metrics.first_resolution_time_in_minutes.calendar as first_resolution_minutes_calendar,
        nullif(coalesce(ranked_ratings.score, {{ json_text('tickets.satisfaction_rating', 'score') }}), 'unoffered') as rating,
        ranked_ratings.comment as rating_comment,
        case when ranked_ratings.score in ('good', 'bad') then ranked_ratings.updated_at end as rated_at,
        tickets._loaded_at
    from tickets
    left join ranked_ratings
        on ranked_ratings.ticket_id = tickets.id and ranked_ratings.rating_rank = 1
    left join profiles
        on profiles.node_id = tickets.node_id
    left join regions
        on regions.system = 'zendesk' and regions.source_value = lower(tickets.region_tag)
)

select * from rated
