-- One row per support agent and week that has begun by as_of.
with agents as (
    select * from {{ ref('int_agents') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
)

select
    agents.system || ':' || agents.agent_ref as agent_id,
    agents.week_start_date,
    agents.team_ref,
    agents.team_name,
    agents.region,
    agents.scheduled_hours,
    agents.tool_downtime_minutes,
    agents.enps_score,
    agents.qa_score
from agents
cross join run_settings
where agents.week_start_date <= run_settings.as_of_date
