-- One row per cart activity or closing order, in order, with the cart episode it belongs to. An episode ends with an order, with 30 days
-- of silence or when the last piece is taken out; stretches without an add are no cart and left out.
with activity as (
    select
        unit_key,
        event_at,
        event_ref,
        event_name,
        quantity
    from {{ ref('cart_activity') }}
),

orders as (
    select
        order_id,
        customer_id,
        ordered_at,
        channel,
        cart_ref
    from {{ ref('fct_orders') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

timeline as (
    select
        unit_key,
        event_at,
        event_ref,
        event_name,
        quantity,
        0 as is_order
    from activity
    union all
    select
        case when orders.cart_ref is not null then 't:' || orders.cart_ref else 'c:' || orders.customer_id end as unit_key,
        orders.ordered_at as event_at,
        orders.order_id as event_ref,
        'order' as event_name,
        cast(0 as bigint) as quantity,
        1 as is_order
    from orders
    cross join run_settings
    where
        orders.ordered_at < run_settings.as_of
        and (orders.cart_ref is not null or orders.channel in ('web', 'app'))
        and coalesce(orders.cart_ref, orders.customer_id) is not null
),

-- An order or 30 days of silence ends an episode ...
ended as (
    select
        *,
        case
            when lag(is_order) over by_unit = 1 then 1
            when is_order = 0 and event_at > lag(event_at) over by_unit + interval 30 day then 1
            else 0
        end as is_new
    from timeline
    window by_unit as (partition by unit_key order by event_at, is_order, event_ref)
),

runs as (
    select
        *,
        sum(is_new) over (
            partition by unit_key
            order by event_at, is_order, event_ref
            rows between unbounded preceding and current row
        ) as run_number
    from ended
),

-- ... and so does taking out the last piece.
filled as (
    select
        *,
        sum(case event_name when 'add_to_cart' then quantity when 'remove_from_cart' then -quantity else 0 end) over (
            partition by unit_key, run_number
            order by event_at, is_order, event_ref
            rows between unbounded preceding and current row
        ) as n_units
    from runs
),

emptied as (
    select
        *,
        event_name = 'remove_from_cart' and n_units <= 0 as is_emptying,
        coalesce(
            sum(case when event_name = 'remove_from_cart' and n_units <= 0 then 1 else 0 end) over (
                partition by unit_key, run_number
                order by event_at, is_order, event_ref
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as n_emptied_before
    from filled
),

episodes as (
    select
        row_number() over (order by unit_key, run_number, n_emptied_before) as episode,
        unit_key,
        run_number,
        n_emptied_before
    from emptied
    group by unit_key, run_number, n_emptied_before
    having count(*) filter (where event_name = 'add_to_cart') > 0
)

select
    episodes.episode,
    emptied.unit_key,
    emptied.event_ref,
    emptied.event_at,
    emptied.event_name,
    emptied.is_order = 1 as is_order,
    emptied.is_emptying
from emptied
inner join episodes
    on
        emptied.unit_key = episodes.unit_key
        and emptied.run_number = episodes.run_number
        and emptied.n_emptied_before = episodes.n_emptied_before
