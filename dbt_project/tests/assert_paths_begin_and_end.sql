-- Law: paths hold every step of the log once, so the transitions into a step are its rows; a person has never more exits from a step than
-- entries, because only a journey still under way at as_of has none.
with steps as (
    select
        customer_id,
        path_step as step,
        count(*) as n_steps
    from {{ ref('fct_path_steps') }}
    group by 1, 2
),

entries as (
    select
        customer_id,
        to_step as step,
        sum(n_transitions) as n_transitions
    from {{ ref('agg_path_transitions') }}
    where to_step <> 'END'
    group by 1, 2
),

exits as (
    select
        customer_id,
        from_step as step,
        sum(n_transitions) as n_transitions
    from {{ ref('agg_path_transitions') }}
    where from_step <> 'START'
    group by 1, 2
)

select
    coalesce(steps.step, entries.step) as step,
    count(*) as n_persons
from steps
full join entries
    on
        steps.customer_id = entries.customer_id
        and steps.step = entries.step
left join exits
    on
        steps.customer_id = exits.customer_id
        and steps.step = exits.step
where
    steps.n_steps is distinct from entries.n_transitions
    or coalesce(exits.n_transitions, 0) > steps.n_steps
group by 1
