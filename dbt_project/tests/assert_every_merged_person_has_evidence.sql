-- Nobody is merged without a reason that can be shown: as many links as it takes to hold the person's records together.
select
    clusters.customer_id,
    clusters.n_nodes,
    count(evidence.rule) as n_links
from {{ source('identity', 'int_identity__clusters') }} as clusters
left join {{ ref('fct_identity_evidence') }} as evidence on clusters.customer_id = evidence.customer_id
where clusters.n_nodes > 1
group by clusters.customer_id, clusters.n_nodes
having count(evidence.rule) < clusters.n_nodes - 1
