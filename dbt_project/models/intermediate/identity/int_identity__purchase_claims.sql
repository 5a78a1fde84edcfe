-- One row per review that shows a given name, an initial and a product, and nothing else by which its author could be found: the
-- buyer of that product it fits.
with reviews as (
    select * from {{ ref('int_reviews') }}
    where product_ref is not null
),

identifiers as (
    select distinct node_id from {{ ref('int_identity__identifiers') }}
),

records as (
    select
        node_id,
        email,
        given_name,
        substr(family_name, 1, 1) as family_initial
    from {{ ref('int_identity__records') }}
    where
        given_name is not null
        and family_name is not null
),

order_lines as (
    select distinct
        system,
        order_ref,
        product_ref
    from {{ ref('int_order_lines') }}
),

orders as (
    select
        system,
        order_ref,
        node_id,
        ordered_at
    from {{ ref('int_orders') }}
),

purchases as (
    select
        order_lines.product_ref,
        orders.node_id,
        orders.ordered_at,
        coalesce(records.email, records.node_id) as buyer_key,
        records.given_name,
        records.family_initial
    from order_lines
    inner join orders
        on
            order_lines.system = orders.system
            and order_lines.order_ref = orders.order_ref
    inner join records on orders.node_id = records.node_id
),

-- Authors who show an e-mail or an order are found by it; one who shows a different one is somebody else.
authors as (
    select
        reviews.node_id,
        reviews.product_ref,
        reviews.posted_at,
        records.given_name,
        records.family_initial
    from reviews
    inner join records on reviews.node_id = records.node_id
    left join identifiers on reviews.node_id = identifiers.node_id
    where identifiers.node_id is null
),

claims as (
    select
        authors.node_id,
        authors.product_ref,
        min(purchases.node_id) as buyer_node_id,
        min(authors.posted_at) as observed_at,
        count(distinct purchases.buyer_key) as n_buyers
    from authors
    inner join purchases
        on
            authors.product_ref = purchases.product_ref
            and authors.given_name = purchases.given_name
            and authors.family_initial = purchases.family_initial
            and authors.posted_at > purchases.ordered_at
            and authors.posted_at <= purchases.ordered_at + interval {{ var('identity_review_days') }} day
    group by 1, 2
),

judged as (
    select
        *,
        case when n_buyers > 1 then 'several_buyers' end as skip_reason
    from claims
)

select * from judged
