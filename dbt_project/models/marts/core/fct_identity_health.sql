-- One row per measure of how identity is doing, as of the last run, with what it was the run before.
with health as (
    select * from {{ source('identity', 'int_identity__health') }}
),

last_run as (
    select max(known_at) as known_at from health
)

select
    health.measure,
    health.value,
    health.previous_value,
    health.drift,
    health.is_warning,
    health.known_at as measured_at
from health
inner join last_run on health.known_at = last_run.known_at
