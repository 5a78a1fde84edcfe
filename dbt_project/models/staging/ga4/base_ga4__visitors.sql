-- One row per device, login (or none) and country: the events read once for profiles and identifiers.
{{ config(materialized='table') }}

with web_events as (
    select * from {{ ref('stg_ga4__web_events') }}
),

visitors as (
    select
        device_ref,
        login_ref,
        country_code,
        region,
        count(*) as n_events,
        min(event_at) as first_seen_at,
        max(event_at) as last_seen_at
    from web_events
    group by device_ref, login_ref, country_code, region
)

select * from visitors
