-- Law: every step that is entered is left, but for the journeys still under way at as_of: a step has never more exits than entries.
with entries as (
    select
        region,
        to_step as step,
        sum(n_transitions) as n_transitions
    from {{ ref('agg_path_transitions') }}
    where to_step <> 'END'
    group by 1, 2
),

exits as (
    select
        region,
        from_step as step,
        sum(n_transitions) as n_transitions
    from {{ ref('agg_path_transitions') }}
    where from_step <> 'START'
    group by 1, 2
)

select
    exits.region,
    exits.step,
    entries.n_transitions as n_entries,
    exits.n_transitions as n_exits
from exits
left join entries
    on
        exits.region = entries.region
        and exits.step = entries.step
where coalesce(entries.n_transitions, 0) < exits.n_transitions
