-- One row per cart episode that became an order: of its own token; else an online order of the person with one of its products, up to
-- 30 days later; else something of the same product line bought in another channel, up to 14 days later; else online, up to 30 days
-- later. Orders come late: each build looks for them anew, so a cart that was abandoned yesterday may have been bought today.
with episodes as (
    select * from {{ ref('cart_episodes') }}
),

measures as (
    select
        episode,
        customer_id,
        first_cart_ref
    from {{ ref('cart_measures') }}
),

items as (
    select * from {{ ref('cart_items') }}
),

orders as (
    select
        order_id,
        customer_id,
        ordered_at,
        channel,
        cart_ref,
        is_agent_assisted
    from {{ ref('fct_orders') }}
),

order_lines as (
    select
        order_id,
        product_id,
        product_line
    from {{ ref('fct_order_lines') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

-- The orders of the person that may be the cart's, without its products: few, before the lines make them many.
later_orders as (
    select
        measures.episode,
        episodes.last_activity_at,
        orders.order_id,
        orders.ordered_at,
        orders.channel in ('web', 'app') as is_online,
        coalesce(orders.cart_ref = measures.first_cart_ref, false) as is_of_token
    from measures
    inner join episodes on measures.episode = episodes.episode
    inner join orders
        on
            measures.customer_id = orders.customer_id
            and orders.ordered_at > episodes.last_activity_at
            and orders.ordered_at <= episodes.last_activity_at + interval 30 day
    cross join run_settings
    where
        episodes.own_order_id is null
        and orders.ordered_at < run_settings.as_of
),

matched as (
    select
        later_orders.episode,
        later_orders.order_id,
        later_orders.ordered_at,
        'same_basket' as match_type,
        1 as preference
    from later_orders
    inner join items on later_orders.episode = items.episode
    inner join order_lines
        on
            later_orders.order_id = order_lines.order_id
            and items.product_id = order_lines.product_id
    where later_orders.is_online
    union all
    select
        later_orders.episode,
        later_orders.order_id,
        later_orders.ordered_at,
        'other_channel' as match_type,
        2 as preference
    from later_orders
    inner join items on later_orders.episode = items.episode
    inner join order_lines
        on
            later_orders.order_id = order_lines.order_id
            and items.product_line = order_lines.product_line
    where
        not later_orders.is_online
        and later_orders.ordered_at <= later_orders.last_activity_at + interval 14 day
    union all
    select
        later_orders.episode,
        later_orders.order_id,
        later_orders.ordered_at,
        'same_category' as match_type,
        3 as preference
    from later_orders
    inner join items on later_orders.episode = items.episode
    inner join order_lines
        on
            later_orders.order_id = order_lines.order_id
            and items.product_line = order_lines.product_line
    where
        later_orders.is_online
        -- An order of the cart's own token that closed another of its episodes is that one's.
        and not later_orders.is_of_token
    union all
    -- An order of the cart's own token more than 30 days after it was left is a new decision.
    select
        episode,
        own_order_id as order_id,
        own_ordered_at as ordered_at,
        'own' as match_type,
        0 as preference
    from episodes
    where
        own_order_id is not null
        and own_ordered_at <= last_activity_at + interval 30 day
),

ranked as (
    select
        *,
        row_number() over (partition by episode order by preference, ordered_at, order_id) as order_rank
    from matched
)

select
    ranked.episode,
    ranked.order_id,
    ranked.ordered_at,
    ranked.match_type,
    orders.is_agent_assisted
from ranked
inner join orders on ranked.order_id = orders.order_id
where ranked.order_rank = 1
