-- One row per person, identifier type and normalised value. Order numbers name orders, not persons, and are left out.
with identifiers as (
    select * from {{ ref('int_identity__identifiers') }}
    where identifier_type <> 'order_name'
),

identity_map as (
    select
        node_id,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
)

select
    identity_map.customer_id,
    identifiers.identifier_type,
    identifiers.identifier_value,
    count(*) as n_source_records,
    {{ text_agg('identifiers.system') }} as systems,
    min(identifiers.observed_at) as first_observed_at,
    max(identifiers.observed_at) as last_observed_at
from identifiers
inner join identity_map on identifiers.node_id = identity_map.node_id
group by 1, 2, 3
