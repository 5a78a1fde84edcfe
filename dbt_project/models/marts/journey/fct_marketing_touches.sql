-- One row per marketing touch of a person, in its path: to the person's next order where that came within the look-back window, else to
-- none, which silence of a window ends.
{% set lookback -%} interval {{ var('attribution_lookback_days') }} day {%- endset %}
with touches as (
    select * from {{ ref('marketing_touches') }}
),

orders as (
    select
        customer_id,
        order_id,
        ordered_at,
        customer_order_number
    from {{ ref('fct_orders') }}
    where
        is_valid
        and customer_id is not null
),

timeline as (
    select
        touch_id,
        customer_id,
        touched_at as happened_at,
        cast(null as bigint) as order_number
    from touches
    union all
    select
        null as touch_id,
        customer_id,
        ordered_at as happened_at,
        customer_order_number as order_number
    from orders
),

-- A touch at the moment of an order comes after it: what led there came before.
between_orders as (
    select
        touch_id,
        coalesce(
            max(order_number) over (
                partition by customer_id
                order by happened_at, case when touch_id is null then 0 else 1 end
                rows between unbounded preceding and current row
            ), 0
        ) as n_orders_before,
        min(order_number) over (
            partition by customer_id
            order by happened_at, case when touch_id is null then 0 else 1 end
            rows between current row and unbounded following
        ) as next_order_number
    from timeline
),

led as (
    select
        touches.*,
        between_orders.n_orders_before,
        case when orders.ordered_at <= touches.touched_at + {{ lookback }} then orders.order_id end as order_id,
        {{ seconds_between('touches.touched_at', 'orders.ordered_at') }} / 86400 as days_before
    from touches
    inner join between_orders on touches.touch_id = between_orders.touch_id
    left join orders
        on
            touches.customer_id = orders.customer_id
            and between_orders.next_order_number = orders.customer_order_number
),

breaks as (
    select
        *,
        case
            when order_id is null and touched_at <= lag(touched_at) over in_order + {{ lookback }} then 0
            when order_id is not null and lag(touched_at) over in_order is not null then 0
            else 1
        end as is_start
    from led
    window in_order as (partition by customer_id, n_orders_before, order_id order by touched_at, touch_id)
),

parts as (
    select
        *,
        sum(is_start) over (
            partition by customer_id, n_orders_before, order_id
            order by touched_at, touch_id
            rows between unbounded preceding and current row
        ) as part_number
    from breaks
),

placed as (
    select
        *,
        row_number() over in_path as touch_position,
        first_value(touch_id) over in_path as first_touch_id
    from parts
    window in_path as (partition by customer_id, n_orders_before, order_id, part_number order by touched_at, touch_id)
),

named as (
    select
        *,
        coalesce(order_id, first_touch_id) as path_id,
        power(2.0e0, -days_before / {{ var('attribution_half_life_days') }}) as decay_weight
    from placed
)

select
    touch_id,
    customer_id,
    touched_at,
    touch_kind,
    channel,
    campaign_name,
    path_id,
    order_id,
    cast(touch_position as bigint) as touch_position,
    cast(count(*) over (partition by path_id) as bigint) as n_touches,
    cast(n_orders_before as bigint) as n_orders_before,
    cast(case when order_id is not null then days_before end as double) as days_before,
    cast(case when order_id is not null then decay_weight / sum(decay_weight) over (partition by path_id) end as double) as decay_share
from named
