-- One row per chain and step it reaches beyond its entry: when first, and until when the entry lasts that led there. A strict order or
-- deduplication may end the chain before (funnel_stops).
--
-- Level by level: a row of step k takes over until when the latest entry lasts that reached step k - 1. That never decreases in time, so
-- the running maximum over the rows before is exact, and each window sees two steps only.
{%- set max_steps = 8 %}
with increasing_chains as (
    select chain
    from {{ ref('funnel_chains') }}
    where is_strict_increase
),
{% for step in range(2, max_steps + 1) %}
reached_{{ step - 1 }} as (
    select
        chain,
        at_us,
        until_us
    from {{ ref('funnel_steps') }}
    where
        step_order = {{ step - 1 }}
        and until_us is not null
    {%- if step > 2 %}
    union all
    select
        chain,
        at_us,
        until_us
    from found_{{ step - 1 }}
    {%- endif %}
),

{%- if step == 2 %}
-- Most chains have no second step at all; they need no window.
{%- endif %}
carried_{{ step }} as (
    select
        chain,
        at_us,
        step_order,
        max(until_us) over (
            partition by chain
            order by at_us, step_order
            rows between unbounded preceding and current row
        ) as until_us
    from (
        select
            chain,
            at_us,
            {{ step - 1 }} as step_order,
            until_us
        from reached_{{ step - 1 }}
        {%- if step == 2 %}
        where chain in (select chain from {{ ref('funnel_steps') }} where step_order = 2 and until_us is null)
        {%- endif %}
        union all
        select
            chain,
            at_us,
            step_order,
            until_us
        from {{ ref('funnel_steps') }}
        where
            step_order = {{ step }}
            and until_us is null
    ) as two_steps
),

-- strict_increase: not at the moment at which the step before was last done.
moments_{{ step }} as (
    select distinct
        reached_{{ step - 1 }}.chain,
        reached_{{ step - 1 }}.at_us
    from reached_{{ step - 1 }}
    inner join increasing_chains on reached_{{ step - 1 }}.chain = increasing_chains.chain
),

found_{{ step }} as (
    select
        carried_{{ step }}.chain,
        carried_{{ step }}.at_us,
        carried_{{ step }}.until_us
    from carried_{{ step }}
    left join moments_{{ step }}
        on
            carried_{{ step }}.chain = moments_{{ step }}.chain
            and carried_{{ step }}.at_us = moments_{{ step }}.at_us
    where
        carried_{{ step }}.step_order = {{ step }}
        and carried_{{ step }}.at_us <= carried_{{ step }}.until_us
        and moments_{{ step }}.chain is null
),
{% endfor %}
-- The earliest row of a step has the earliest entry.
firsts as (
    {%- for step in range(2, max_steps + 1) %}
    select
        chain,
        {{ step }} as step_order,
        min(at_us) as reached_us,
        min(until_us) as until_us
    from found_{{ step }}
    group by chain
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
)

select
    chain,
    step_order,
    reached_us,
    until_us
from firsts
