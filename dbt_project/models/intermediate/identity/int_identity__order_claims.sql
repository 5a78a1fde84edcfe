-- One row per record that names an order of which another record is the buyer: a guest's review, survey answer or ticket.
with identifiers as (
    select * from {{ ref('int_identity__identifiers') }}
    where identifier_type = 'order_name'
),

orders as (
    {{ order_names() }}
),

profiles as (
    select
        node_id,
        translate({{ fold_text("coalesce(nullif(trim(first_name), ''), full_name)") }}, '.-', '  ') as name_text
    from {{ ref('int_profiles') }}
),

claims as (
    select
        identifiers.node_id,
        orders.node_id as buyer_node_id,
        identifiers.identifier_value,
        greatest(identifiers.observed_at, orders.ordered_at) as observed_at,
        count(*) over (partition by identifiers.identifier_value) as n_nodes,
        split_part(trim(claimant.name_text), ' ', 1) as claimant_name,
        split_part(trim(buyer.name_text), ' ', 1) as buyer_name
    from identifiers
    inner join orders on identifiers.identifier_value = orders.order_key
    left join profiles as claimant on identifiers.node_id = claimant.node_id
    left join profiles as buyer on orders.node_id = buyer.node_id
    where identifiers.node_id <> orders.node_id
),

judged as (
    select
        node_id,
        buyer_node_id,
        identifier_value,
        observed_at,
        n_nodes,
        case
            when n_nodes > {{ var('identity_max_claims_per_order') }} then 'over_limit'
            when not coalesce({{ is_same_given_name('claimant_name', 'buyer_name') }}, true) then 'other_name'
        end as skip_reason
    from claims
)

select * from judged
