-- One row per marketing touch of a person: a session by its entry channel, or a click on a campaign that no session shows.
with people as (
    select
        customer_id,
        is_identified
    from {{ ref('dim_customers') }}
    where not is_staff
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

sessions as (
    select
        sessions.session_id,
        sessions.customer_id,
        sessions.started_at,
        sessions.entry_channel,
        sessions.entry_campaign,
        people.is_identified
    from {{ ref('fct_sessions') }} as sessions
    inner join people on sessions.customer_id = people.customer_id
    cross join run_settings
    where sessions.started_at < run_settings.as_of
),

clicks as (
    select * from {{ ref('lone_clicks') }}
),

-- The visit a click opened on a device nobody is known for: by the campaign and the minute, give or take one. Minutes keep it an
-- equality, where millions click on one campaign.
click_minutes as (
    select distinct
        clicks.campaign_name,
        date_trunc('minute', clicks.touched_at) + shifts.n_minutes * interval 1 minute as near_minute
    from clicks
    cross join (
        select -1 as n_minutes
        union all
        select 0 as n_minutes
        union all
        select 1 as n_minutes
    ) as shifts
),

nobodys_sessions as (
    select sessions.session_id
    from sessions
    inner join click_minutes
        on
            sessions.entry_campaign = click_minutes.campaign_name
            and date_trunc('minute', sessions.started_at) = click_minutes.near_minute
    where not sessions.is_identified
)

select
    'session' as touch_kind,
    sessions.session_id as touch_id,
    sessions.customer_id,
    sessions.started_at as touched_at,
    sessions.entry_channel as channel,
    sessions.entry_campaign as campaign_name
from sessions
left join nobodys_sessions on sessions.session_id = nobodys_sessions.session_id
where nobodys_sessions.session_id is null
union all
select
    'click' as touch_kind,
    touch_id,
    customer_id,
    touched_at,
    channel,
    campaign_name
from clicks
