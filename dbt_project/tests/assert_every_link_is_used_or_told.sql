-- Law: every link between two records is used, or stands among the skipped links with its reason: none is lost silently.
-- The map is written between two dbt steps; naming a mart keeps this test out of the first, where the map is still the old one:
-- depends_on: {{ ref('dim_customers') }}
select
    edges.node_id_a,
    edges.node_id_b,
    edges.rule
from {{ ref('int_identity__edges') }} as edges
inner join {{ source('identity', 'int_identity__map') }} as map_a on edges.node_id_a = map_a.node_id
inner join {{ source('identity', 'int_identity__map') }} as map_b on edges.node_id_b = map_b.node_id
left join {{ source('identity', 'int_identity__skipped_links') }} as skipped
    on
        edges.node_id_a = skipped.node_id_a
        and edges.node_id_b = skipped.node_id_b
        and edges.rule = skipped.rule
        and edges.identifier_value is not distinct from skipped.identifier_value
where
    map_a.customer_id <> map_b.customer_id
    and skipped.reason is null
