-- One row per message received, opened, clicked or unsubscribed from; the channel is the event's, else its campaign's.
with messages as (
    select * from {{ ref('base_klaviyo__messages') }}
),

campaigns as (
    select * from {{ ref('stg_klaviyo__campaigns') }}
),

touches as (
    select
        'klaviyo' as system,
        messages.touch_type || ':' || messages.id as touch_ref,
        messages.node_id,
        messages.campaign_id as campaign_ref,
        messages.touch_type,
        coalesce(messages.message_channel, campaigns.channel) as channel,
        messages.touched_at,
        messages._loaded_at
    from messages
    left join campaigns
        on campaigns.campaign_ref = messages.campaign_id
)

select * from touches
