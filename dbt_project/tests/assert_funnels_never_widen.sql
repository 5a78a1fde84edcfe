-- Law: a unit that reached a level has the time of every step up to it, in order and within the window, and of none after it.
with levels as (
    select
        levels.*,
        funnels.window_hours
    from {{ ref('agg_funnel_levels') }} as levels
    inner join {{ ref('funnels') }} as funnels
        on
            levels.funnel_id = funnels.funnel_id
            and funnels.step_order = 1
)

select
    funnel_id,
    unit_id,
    level
from levels
where
    (level >= 2) <> (step_2_at is not null)
    or (level >= 3) <> (step_3_at is not null)
    or (level >= 4) <> (step_4_at is not null)
    or (level >= 5) <> (step_5_at is not null)
    or (level >= 6) <> (step_6_at is not null)
    or entered_at > step_2_at
    or step_2_at > step_3_at
    or step_3_at > step_4_at
    or step_4_at > step_5_at
    or step_5_at > step_6_at
    or greatest(step_2_at, step_3_at, step_4_at, step_5_at, step_6_at) > entered_at + window_hours * interval 1 hour
