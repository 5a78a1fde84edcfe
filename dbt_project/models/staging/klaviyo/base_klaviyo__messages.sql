-- One row per message received, opened, clicked or unsubscribed from.
with sends as (
    {{ deduplicate('klaviyo', 'sends') }}
),

opens as (
    {{ deduplicate('klaviyo', 'opens') }}
),

clicks as (
    {{ deduplicate('klaviyo', 'clicks') }}
),

unsubscribes as (
    {{ deduplicate('klaviyo', 'unsubscribes') }}
),

messages as (
    {% for kind in ['send', 'open', 'click', 'unsubscribe'] -%}
    select
        '{{ kind }}' as touch_type,
        id,
        'klaviyo:profile:' || profile_id as node_id,
        profile_id,
        email,
        campaign_id,
        lower(message_channel) as message_channel,
        datetime as touched_at,
        _loaded_at
    from {{ kind }}s
    {{ 'union all' if not loop.last }}
    {% endfor -%}
)

select * from messages
