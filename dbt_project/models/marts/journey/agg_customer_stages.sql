-- One row per person with evidence of a stage: where the journey began and where it stands at as_of.
with steps as (
    select * from {{ ref('fct_journey_steps') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

-- Of several stages at one moment the earliest is the first.
ranked as (
    select
        steps.customer_id,
        steps.stage,
        steps.entered_at,
        steps.expires_at,
        steps.expires_at >= run_settings.as_of as is_alive,
        run_settings.reporting_time_zone,
        row_number() over (partition by steps.customer_id order by steps.entered_at, steps.stage_order) as first_rank,
        row_number() over (
            partition by steps.customer_id
            order by (case when steps.expires_at >= run_settings.as_of then 0 else 1 end), steps.stage_order desc, steps.entered_at desc
        ) as current_rank
    from steps
    cross join run_settings
)

select
    customer_id,
    max(case when first_rank = 1 then stage end) as first_stage,
    min(entered_at) as first_stage_at,
    {{ date_in_zone('min(entered_at)', 'min(reporting_time_zone)') }} as first_stage_date,
    max(case when current_rank = 1 then (case when is_alive then stage else 'lapsed' end) end) as current_stage,
    max(case when current_rank = 1 and is_alive then entered_at end) as current_stage_at,
    max(expires_at) as expires_at
from ranked
group by 1
