-- One row per contact, purpose, channel and time of a grant or a withdrawal; of two at the same time the withdrawal counts.
with consents as (
    {{ deduplicate('hubspot', 'consents') }}
),

contacts as (
    select * from {{ ref('base_hubspot__contact_nodes') }}
),

stated as (
    select
        contacts.node_id,
        'hubspot' as system,
        lower(consents.subscription_name) as purpose,
        lower(consents.channel) as channel,
        min(case when consents.status = 'SUBSCRIBED' then 1 else 0 end) = 1 as is_granted,
        consents.updated_at as recorded_at
    from consents
    inner join contacts
        on contacts.contact_ref = cast(consents.contact_id as string)
    where consents.status in ('SUBSCRIBED', 'UNSUBSCRIBED')
    group by contacts.node_id, lower(consents.subscription_name), lower(consents.channel), consents.updated_at
)

select * from stated
