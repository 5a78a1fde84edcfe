-- Every order that counts ends one path with its amount, the touches of a path stand in it once each, time decay divides an order whole.
with orders as (
    select
        orders.order_id,
        orders.net_amount_reporting
    from {{ ref('fct_orders') }} as orders
    cross join {{ source('run', 'run_settings') }} as run_settings
    left join {{ ref('dim_customers') }} as customers on orders.customer_id = customers.customer_id
    where
        orders.is_valid
        and orders.ordered_at < run_settings.as_of
        and not coalesce(customers.is_staff, false)
),

paths as (
    select
        path_id,
        order_id,
        n_touches,
        net_amount_reporting
    from {{ ref('fct_touch_paths') }}
),

touches as (
    select
        path_id,
        count(*) as n_touches,
        max(touch_position) as last_position,
        sum(decay_share) as decay_share
    from {{ ref('fct_marketing_touches') }}
    group by 1
)

select
    coalesce(orders.order_id, paths.order_id) as id,
    'order without its path' as what
from orders
full join paths on orders.order_id = paths.order_id
where
    (paths.path_id is null or orders.order_id is null or orders.net_amount_reporting <> paths.net_amount_reporting)
    and coalesce(orders.order_id, paths.order_id) is not null
union all
select
    coalesce(paths.path_id, touches.path_id) as id,
    'path with other touches' as what
from paths
full join touches on paths.path_id = touches.path_id
where
    (coalesce(paths.n_touches, -1) <> coalesce(touches.n_touches, 0))
    or touches.last_position <> touches.n_touches
    or (paths.order_id is not null and abs(touches.decay_share - 1) > 1e-9)
