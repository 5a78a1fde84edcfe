-- One row per comment of a ticket.
with comments as (
    {{ deduplicate('zendesk', 'comments') }}
),

profiles as (
    select * from {{ ref('stg_zendesk__profiles') }}
),

messages as (
    select
        'zendesk' as system,
        cast(comments.id as string) as message_ref,
        cast(comments.ticket_id as string) as ticket_ref,
        cast(comments.author_id as string) as author_ref,
        coalesce(profiles.is_staff, false) as is_agent,
        comments.public as is_public,
        comments.body,
        comments.created_at as sent_at
    from comments
    left join profiles
        on profiles.profile_ref = cast(comments.author_id as string)
)

select * from messages
