-- One row per unsubscribe: a withdrawal of marketing consent on the channel of the message.
with touches as (
    select * from {{ ref('stg_klaviyo__campaign_touches') }}
),

consents as (
    select distinct
        node_id,
        'klaviyo' as system,
        'marketing' as purpose,
        channel,
        false as is_granted,
        touched_at as recorded_at
    from touches
    where touch_type = 'unsubscribe'
)

select * from consents
