-- One row per region, device and channel events come from together, with the number they go by.
with places as (
    select distinct
        region,
        device_category,
        channel
    from {{ ref('fct_events') }}
)

select
    {{ key_number(['region', 'device_category', 'channel']) }} as place_number,
    region,
    device_category,
    channel
from places
