-- One row per agent and week.
with roster as (
    {{ deduplicate('zendesk', 'agents') }}
),

regions as (
    select * from {{ ref('regions') }}
),

agents as (
    select
        'zendesk' as system,
        cast(roster.user_id as string) as agent_ref,
        roster.week_start as week_start_date,
        cast(roster.group_id as string) as team_ref,
        roster.group_name as team_name,
        regions.region,
        roster.scheduled_hours,
        roster.tool_downtime_minutes,
        roster.enps_score,
        roster.qa_score
    from roster
    left join regions
        on regions.system = 'zendesk' and regions.source_value = lower(trim(roster.region))
)

select * from agents
