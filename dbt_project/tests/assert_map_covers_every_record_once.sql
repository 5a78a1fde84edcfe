-- Law: the identity map holds every source record exactly once, and nothing else.
-- The map is written between two dbt steps; naming a mart keeps this test out of the first, where the map is still the old one:
-- depends_on: {{ ref('dim_customers') }}
with profiles as (
    select
        node_id,
        count(*) as n_rows
    from {{ ref('int_profiles') }}
    group by 1
),

mapped as (
    select
        node_id,
        count(*) as n_rows
    from {{ source('identity', 'int_identity__map') }}
    group by 1
)

select
    coalesce(profiles.node_id, mapped.node_id) as node_id,
    profiles.n_rows as n_profiles,
    mapped.n_rows as n_mapped
from profiles
full join mapped on profiles.node_id = mapped.node_id
where
    profiles.n_rows is distinct from 1
    or mapped.n_rows is distinct from 1
