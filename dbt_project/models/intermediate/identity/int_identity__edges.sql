-- One row per link between two source records: the rule and the value that link them. Star edges: within the records a
-- value may link, the smallest record that shows its own name (or the smallest) to each of the others. What a rule is worth
-- stands in pipelines/identity/rules.yml.
with groups as (
    select * from {{ ref('int_identity__groups') }}
    where skip_reason is null
),

order_claims as (
    select * from {{ ref('int_identity__order_claims') }}
    where skip_reason is null
),

purchase_claims as (
    select * from {{ ref('int_identity__purchase_claims') }}
    where skip_reason is null
),

email_slips as (
    select * from {{ ref('int_identity__email_slips') }}
    where skip_reason is null
),

hubs as (
    select
        identifier_type,
        identifier_value,
        name_rank,
        coalesce(min(node_id) filter (where not is_guess), min(node_id)) as hub_node_id
    from groups
    group by 1, 2, 3
    having count(*) > 1
),

value_edges as (
    select
        least(hubs.hub_node_id, groups.node_id) as node_id_a,
        greatest(hubs.hub_node_id, groups.node_id) as node_id_b,
        case
            when groups.identifier_type = 'crm_contact' then 'crm_merge'
            when groups.is_guess then 'shared_' || groups.identifier_type
            else groups.identifier_type
        end as rule,
        groups.identifier_type,
        groups.identifier_value,
        groups.observed_at
    from groups
    inner join hubs
        on
            groups.identifier_type = hubs.identifier_type
            and groups.identifier_value = hubs.identifier_value
            and groups.name_rank = hubs.name_rank
            and groups.node_id <> hubs.hub_node_id
),

order_edges as (
    select
        least(node_id, buyer_node_id) as node_id_a,
        greatest(node_id, buyer_node_id) as node_id_b,
        'order_name' as rule,
        'order_name' as identifier_type,
        identifier_value,
        observed_at
    from order_claims
),

purchase_edges as (
    select
        least(node_id, buyer_node_id) as node_id_a,
        greatest(node_id, buyer_node_id) as node_id_b,
        'purchase_name' as rule,
        'product' as identifier_type,
        product_ref as identifier_value,
        observed_at
    from purchase_claims
),

slip_edges as (
    select
        least(node_id, near_node_id) as node_id_a,
        greatest(node_id, near_node_id) as node_id_b,
        'email_slip' as rule,
        'email' as identifier_type,
        identifier_value,
        observed_at
    from email_slips
),

edges as (
    select * from value_edges
    union all
    select * from order_edges
    union all
    select * from purchase_edges
    union all
    select * from slip_edges
)

select * from edges
