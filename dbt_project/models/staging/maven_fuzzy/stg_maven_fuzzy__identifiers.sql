-- One row per visitor who has ordered, by the shop's number. A visitor who has not is a browser somebody once used: nobody known.
with orders as (
    select * from {{ ref('stg_maven_fuzzy__orders') }}
),

final as (
    select
        node_id,
        'maven_fuzzy' as system,
        'maven_customer' as identifier_type,
        split_part(node_id, ':', 3) as raw_value,
        'US' as country_code,
        min(ordered_at) as observed_at
    from orders
    group by node_id
)

select * from final
