-- Law: the spans of a device do not overlap.
select
    device_ref,
    valid_from
from (
    select
        device_ref,
        valid_from,
        lag(valid_to) over (partition by device_ref order by valid_from) as previous_to,
        row_number() over (partition by device_ref order by valid_from) as span_number
    from {{ ref('bridge_device_owners') }}
) as spans
where
    span_number > 1
    and (previous_to is null or previous_to > valid_from)
