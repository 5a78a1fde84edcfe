-- One row per click on a campaign that no session of its person shows.
{% set gap -%} interval {{ var('session_gap_minutes') }} minute {%- endset %}
with people as (
    select customer_id
    from {{ ref('dim_customers') }}
    where not is_staff
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

clicks as (
    select
        campaign_touches.touch_id,
        campaign_touches.customer_id,
        campaign_touches.touched_at,
        campaign_touches.campaign_name,
        coalesce(entry_channels.entry_channel, 'other') as channel
    from {{ ref('fct_campaign_touches') }} as campaign_touches
    inner join people on campaign_touches.customer_id = people.customer_id
    cross join run_settings
    left join {{ ref('entry_channels') }} as entry_channels on campaign_touches.channel = entry_channels.medium
    where
        campaign_touches.touch_type = 'click'
        and campaign_touches.touched_at < run_settings.as_of
),

-- The session a click opened says the same touch again. Two vendors' clocks: it may begin a little before the click.
shown_clicks as (
    select distinct clicks.touch_id
    from clicks
    inner join {{ ref('fct_sessions') }} as sessions
        on
            clicks.customer_id = sessions.customer_id
            and clicks.channel = sessions.entry_channel
    where
        clicks.touched_at >= sessions.started_at - {{ gap }}
        and clicks.touched_at <= sessions.ended_at + {{ gap }}
),

-- A second click shortly after the first is the same visit, as it would be in a session.
unshown_clicks as (
    select
        clicks.*,
        lag(clicks.touched_at) over (
            partition by clicks.customer_id, clicks.channel
            order by clicks.touched_at, clicks.touch_id
        ) as previous_at
    from clicks
    left join shown_clicks on clicks.touch_id = shown_clicks.touch_id
    where shown_clicks.touch_id is null
)

select
    touch_id,
    customer_id,
    touched_at,
    channel,
    campaign_name
from unshown_clicks
where
    previous_at is null
    or touched_at > previous_at + {{ gap }}
