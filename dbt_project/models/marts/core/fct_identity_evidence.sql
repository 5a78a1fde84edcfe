-- One row per link that holds a person's records together: which rule, how sure, whether the person would fall apart without it.
with links as (
    select * from {{ source('identity', 'int_identity__links') }}
),

clusters as (
    select
        customer_id,
        n_nodes,
        weakest_rule,
        weakest_confidence
    from {{ source('identity', 'int_identity__clusters') }}
)

select
    links.customer_id,
    links.node_id_a,
    links.node_id_b,
    links.rule,
    links.source as evidence,
    links.identifier_type,
    case when links.source <> 'model' then links.identifier_value end as identifier_value,
    -- Of the model: how each comparison came out and its weight in bits, no value of the records.
    case when links.source = 'model' then links.identifier_value end as comparison,
    split_part(links.node_id_a, ':', 1) as system_a,
    split_part(links.node_id_b, ':', 1) as system_b,
    links.observed_at,
    links.confidence,
    links.match_weight,
    links.is_bridge,
    coalesce(
        links.rule = clusters.weakest_rule
        and links.confidence is not distinct from clusters.weakest_confidence,
        false
    ) as is_weakest,
    clusters.n_nodes as n_source_records
from links
inner join clusters on links.customer_id = clusters.customer_id
