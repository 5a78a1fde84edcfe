-- One row per unit that got beyond its entry: when it reached each step, from the entry each as early as it can be. Step by step only those
-- who reached it are looked at.
{%- set max_steps = 8 %}
with levels as (
    select
        chain,
        entry_step,
        level,
        entered_us,
        entered_us + window_us as until_us,
        case when is_strict_increase then 1 else 0 end as least_gap_us
    from {{ ref('funnel_levels') }}
    where level > entry_step
),

times_1 as (
    select
        chain,
        level,
        until_us,
        least_gap_us,
        entered_us as reached_us,
        entered_us as step_1_us
    from levels
    where entry_step = 1
),
{% for step in range(2, max_steps + 1) %}
found_{{ step }} as (
    select
        times.chain,
        min(steps.at_us) as reached_us
    from times_{{ step - 1 }} as times
    inner join {{ ref('funnel_steps') }} as steps
        on
            times.chain = steps.chain
            and steps.at_us >= times.reached_us + times.least_gap_us
            and steps.at_us <= times.until_us
    where
        times.level >= {{ step }}
        and steps.step_order = {{ step }}
    group by 1
),

times_{{ step }} as (
    select
        times.chain,
        times.level,
        times.until_us,
        times.least_gap_us,
        found_{{ step }}.reached_us,
        {%- for before in range(1, step) %}
        times.step_{{ before }}_us,
        {%- endfor %}
        found_{{ step }}.reached_us as step_{{ step }}_us
    from times_{{ step - 1 }} as times
    inner join found_{{ step }} on times.chain = found_{{ step }}.chain
    union all
    select
        chain,
        level,
        until_us,
        least_gap_us,
        entered_us as reached_us,
        {%- for before in range(1, step) %}
        cast(null as bigint) as step_{{ before }}_us,
        {%- endfor %}
        entered_us as step_{{ step }}_us
    from levels
    where entry_step = {{ step }}
),
{% endfor %}
times as (
    {%- for level in range(2, max_steps + 1) %}
    select
        {%- for step in range(1, level + 1) %}
        step_{{ step }}_us,
        {%- endfor %}
        {%- for step in range(level + 1, max_steps + 1) %}
        cast(null as bigint) as step_{{ step }}_us,
        {%- endfor %}
        chain
    from times_{{ level }}
    where level = {{ level }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
)

select
    chain,
    step_1_us,
    step_2_us,
    step_3_us,
    step_4_us,
    step_5_us,
    step_6_us,
    step_7_us,
    step_8_us
from times
