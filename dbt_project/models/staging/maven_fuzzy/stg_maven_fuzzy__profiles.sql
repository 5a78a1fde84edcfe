-- One row per visitor: whoever visited or ordered. Nothing is known of them but the number.
with website_sessions as (
    {{ deduplicate('maven_fuzzy', 'website_sessions') }}
),

orders as (
    {{ deduplicate('maven_fuzzy', 'orders') }}
),

seen as (
    select
        user_id,
        created_at
    from website_sessions
    union all
    select
        user_id,
        created_at
    from orders
),

final as (
    select
        'maven_fuzzy:customer:' || cast(user_id as string) as node_id,
        'maven_fuzzy' as system,
        'customer' as profile_kind,
        cast(user_id as string) as profile_ref,
        false as is_staff,
        false as is_business,
        min(created_at) as recorded_at,
        max(created_at) as updated_at
    from seen
    group by user_id
)

select * from final
