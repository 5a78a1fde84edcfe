-- One row per search on the site by people, not bots or staff: what was typed, and how much was found.
with searches as (
    select
        system || ':web:' || event_ref as search_id,
        nullif(trim({{ regex_replace_all('lower(search_term)', '[[:space:]]+', ' ') }}), '') as search_term,
        n_results
    from {{ ref('int_web_events') }}
    where event_name = 'view_search_results'
),

events as (
    select
        event_id,
        customer_id,
        device_ref,
        event_at,
        region
    from {{ ref('fct_events') }}
    where
        event_type = 'view_search_results'
        and not is_bot
        and not is_staff
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
)

select
    searches.search_id,
    events.customer_id,
    events.device_ref,
    events.event_at as searched_at,
    {{ date_in_zone('events.event_at', 'run_settings.reporting_time_zone') }} as search_date,
    events.region,
    searches.search_term,
    searches.n_results
from searches
inner join events on searches.search_id = events.event_id
cross join run_settings
where searches.search_term is not null
