-- Law: sessions of one device follow each other more than 30 minutes apart.
select
    device_ref,
    started_at,
    previous_ended_at
from (
    select
        device_ref,
        started_at,
        lag(ended_at) over (partition by device_ref order by started_at) as previous_ended_at
    from {{ ref('fct_sessions') }}
) as sessions
where started_at <= previous_ended_at + interval 30 minute
