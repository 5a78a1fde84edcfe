-- One row per web or app session: events of one device with gaps of at most 30 minutes; exactly 30 minutes is the same session.
-- The web events are named three times, each time with the columns that step needs: one shared relation of all columns would be
-- written to disk at a million customers.
with bounded_events as (
    select
        event_ref,
        node_id,
        device_ref,
        event_at
    from {{ ref('int_web_events') }}
    where not is_bot
),

measured_events as (
    select
        node_id,
        device_ref,
        event_at,
        event_name,
        load_time_ms,
        _first_loaded_at
    from {{ ref('int_web_events') }}
    where not is_bot
),

entry_events as (
    select
        event_ref,
        system,
        device_ref,
        platform,
        source,
        medium,
        campaign,
        page_path,
        device_category,
        region
    from {{ ref('int_web_events') }}
),

identity_map as (
    select
        node_id,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
    where not is_staff
),

device_owners as (
    {{ device_owner_spans() }}
),

touchpoints as (
    select * from {{ ref('touchpoints') }}
),

entry_channels as (
    select * from {{ ref('entry_channels') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

-- Only what the boundaries need goes through the window: sorting all columns costs several times as much.
gaps as (
    select
        bounded_events.event_ref,
        bounded_events.device_ref,
        bounded_events.event_at,
        lag(bounded_events.event_at) over (
            partition by bounded_events.device_ref
            order by bounded_events.event_at, bounded_events.event_ref
        ) as previous_at
    from bounded_events
    inner join identity_map on bounded_events.node_id = identity_map.node_id
),

starts as (
    select
        event_ref,
        device_ref,
        event_at as started_at,
        lead(event_at) over (partition by device_ref order by event_at, event_ref) as next_started_at
    from gaps
    where
        previous_at is null
        or event_at > previous_at + interval {{ var('session_gap_minutes') }} minute
),

-- Numbers are lighter to group by than keys of text.
numbered_starts as (
    select
        *,
        row_number() over (order by started_at, event_ref) as session_number
    from starts
),

session_events as (
    select
        numbered_starts.session_number,
        measured_events.event_at,
        measured_events.event_name,
        measured_events.load_time_ms,
        measured_events._first_loaded_at,
        identity_map.customer_id,
        touchpoints.is_key_event
    from measured_events
    inner join identity_map on measured_events.node_id = identity_map.node_id
    inner join numbered_starts
        on
            measured_events.device_ref = numbered_starts.device_ref
            and measured_events.event_at >= numbered_starts.started_at
            and (measured_events.event_at < numbered_starts.next_started_at or numbered_starts.next_started_at is null)
    left join touchpoints on measured_events.event_name = touchpoints.event_type
),

measures as (
    select
        session_number,
        max(event_at) as ended_at,
        count(*) as n_events,
        count(*) filter (where event_name in ('page_view', 'view_item', 'view_item_list')) as n_views,
        count(*) filter (where event_name = 'view_search_results') as n_searches,
        count(*) filter (where event_name in ('exception', 'form_error')) as n_errors,
        percentile_cont(0.75) within group (order by load_time_ms) as p75_load_ms,
        coalesce(bool_or(is_key_event), false) as has_key_event,
        bool_or(event_name = 'add_to_cart') as has_cart,
        bool_or(event_name = 'begin_checkout') as has_checkout,
        bool_or(event_name = 'purchase') as has_purchase,
        max(customer_id) as customer_id,
        min(_first_loaded_at) as first_loaded_at,
        max(_first_loaded_at) as last_loaded_at
    from session_events
    group by 1
),

first_events as (
    select
        numbered_starts.session_number,
        numbered_starts.started_at,
        entry_events.*
    from numbered_starts
    inner join entry_events on numbered_starts.event_ref = entry_events.event_ref
)

select
    first_events.system || ':' || first_events.device_ref || ':'
    || cast({{ epoch_us('first_events.started_at') }} as string) as session_id,
    -- Whose the device was at its end: of two persons in one session the later has it.
    coalesce(device_owners.customer_id, measures.customer_id) as customer_id,
    first_events.device_ref,
    first_events.started_at,
    measures.ended_at,
    {{ date_in_zone('first_events.started_at', 'run_settings.reporting_time_zone') }} as session_date,
    {{ seconds_between('first_events.started_at', 'measures.ended_at') }} as duration_seconds,
    measures.n_events,
    measures.n_views,
    measures.n_searches,
    measures.n_errors,
    cast(measures.p75_load_ms as double) as p75_load_ms,
    case when first_events.platform in ('ANDROID', 'IOS') then 'app' else 'web' end as channel,
    first_events.source as entry_source,
    first_events.medium as entry_medium,
    first_events.campaign as entry_campaign,
    case
        when nullif(trim(first_events.medium), '') is null then 'direct'
        else coalesce(entry_channels.entry_channel, 'other')
    end as entry_channel,
    first_events.page_path as landing_page,
    first_events.device_category,
    first_events.region,
    coalesce(
        {{ seconds_between('first_events.started_at', 'measures.ended_at') }} > 10
        or measures.n_views >= 2
        or measures.has_key_event,
        false
    ) as is_engaged,
    measures.has_cart,
    measures.has_checkout,
    measures.has_purchase,
    measures.first_loaded_at,
    measures.last_loaded_at
from first_events
inner join measures on first_events.session_number = measures.session_number
left join entry_channels on lower(trim(first_events.medium)) = entry_channels.medium
left join device_owners
    on
        {{ owns_device_at('first_events.device_ref', 'measures.ended_at') }}
cross join run_settings
