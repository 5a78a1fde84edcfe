-- Law: a unit that reached a level has the time of every step from its entry up to it, in order and within the window, and of none
-- before or after.
with levels as (
    select
        levels.*,
        steps.window_seconds
    from {{ ref('agg_funnel_levels') }} as levels
    inner join {{ ref('dim_funnel_steps') }} as steps
        on
            levels.funnel_id = steps.funnel_id
            and steps.step_order = 1
)

select
    funnel_id,
    unit_id,
    level
from levels
where
    entry_step > level
    {%- for step in range(2, 9) %}
    or (entry_step <= {{ step }} and level >= {{ step }}) <> (step_{{ step }}_at is not null)
    or entered_at > step_{{ step }}_at
    or step_{{ step }}_at > entered_at + window_seconds * interval 1 second
    {%- if not loop.first %}
    or step_{{ step - 1 }}_at > step_{{ step }}_at
    {%- endif %}
    {%- endfor %}
