-- One row per purchase of a product line by a known person in a store or online: whether the person had looked at the line on the other
-- side shortly before (webrooming, showrooming), and whether they would have without any link between looking and buying.
--
-- Two answers to that: the same purchase one window earlier, and on every other day of its month. A look long before the purchase falls
-- into the window on many of those days, so the second answer takes much of what is real for chance.
{%- set lookback_days = {'webrooming': 30, 'showrooming': 14} %}
with orders as (
    select
        order_id,
        customer_id,
        ordered_at,
        order_date,
        channel,
        region
    from {{ ref('fct_orders') }}
    where
        is_valid
        and customer_id is not null
        and channel in ('store', 'web', 'app')
),

order_lines as (
    select
        order_id,
        product_line,
        net_amount_reporting
    from {{ ref('fct_order_lines') }}
    where product_line is not null
),

events as (
    select
        customer_id,
        event_at,
        touchpoint,
        product_line
    from {{ ref('fct_events') }}
    where
        customer_id is not null
        and product_line is not null
        and touchpoint in ('product_page', 'store_visit', 'product_scan')
        and not is_bot
        and not is_staff
),

customers as (
    select customer_id
    from {{ ref('dim_customers') }}
    where not is_staff
),

purchases as (
    select
        orders.order_id || ':' || order_lines.product_line as purchase_id,
        orders.order_id,
        orders.customer_id,
        orders.ordered_at,
        orders.order_date,
        orders.channel,
        orders.region,
        order_lines.product_line,
        case orders.channel when 'store' then 'webrooming' else 'showrooming' end as behaviour,
        case orders.channel when 'store' then {{ lookback_days.webrooming }} else {{ lookback_days.showrooming }} end as lookback_days,
        sum(order_lines.net_amount_reporting) as net_amount_reporting
    from orders
    inner join order_lines on orders.order_id = order_lines.order_id
    inner join customers on orders.customer_id = customers.customer_id
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
),

-- A look at a line on a product page counts for purchases in a store, one in a store for purchases online.
looks as (
    select
        customer_id,
        product_line,
        event_at,
        case touchpoint when 'product_page' then 'webrooming' else 'showrooming' end as behaviour
    from events
),

first_looks as (
    select
        behaviour,
        min(event_at) as first_at
    from looks
    group by 1
),

looked as (
    select
        purchases.purchase_id,
        looks.event_at as looked_at
    from purchases
    inner join looks
        on
            purchases.customer_id = looks.customer_id
            and purchases.product_line = looks.product_line
            and purchases.behaviour = looks.behaviour
    where
        looks.event_at >= purchases.ordered_at - interval 61 day
        and looks.event_at < purchases.ordered_at + interval 31 day
),

-- Dates the purchase is imagined on: its own, one window earlier, and the days of its month; only where there is a look to meet.
offsets as (
    {%- for day in range(-30, 31) %}
    select {{ day }} as day_offset
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

near as (
    select distinct purchase_id
    from looked
),

moments as (
    select
        purchases.purchase_id,
        purchases.customer_id,
        purchases.product_line,
        purchases.behaviour,
        purchases.lookback_days,
        'month' as kind,
        offsets.day_offset,
        purchases.ordered_at + offsets.day_offset * interval 1 day as imagined_at
    from purchases
    inner join near on purchases.purchase_id = near.purchase_id
    cross join offsets
    where date_trunc('month', purchases.ordered_at + offsets.day_offset * interval 1 day) = date_trunc('month', purchases.ordered_at)
    union all
    select
        purchases.purchase_id,
        purchases.customer_id,
        purchases.product_line,
        purchases.behaviour,
        purchases.lookback_days,
        'earlier' as kind,
        0 as day_offset,
        purchases.ordered_at - purchases.lookback_days * interval 1 day as imagined_at
    from purchases
    inner join near on purchases.purchase_id = near.purchase_id
),

seen as (
    select
        moments.purchase_id,
        moments.customer_id,
        moments.product_line,
        moments.behaviour,
        moments.kind,
        moments.day_offset,
        moments.imagined_at,
        max(looked.looked_at) as looked_at
    from moments
    inner join looked on moments.purchase_id = looked.purchase_id
    where
        looked.looked_at < moments.imagined_at
        and looked.looked_at >= moments.imagined_at - moments.lookback_days * interval 1 day
    group by 1, 2, 3, 4, 5, 6, 7
),

-- Who bought the line on the side of the look in between did not carry the look over.
bought_there as (
    select distinct
        seen.purchase_id,
        seen.kind,
        seen.day_offset
    from seen
    inner join purchases
        on
            seen.customer_id = purchases.customer_id
            and seen.product_line = purchases.product_line
            and seen.behaviour <> purchases.behaviour
    where
        purchases.ordered_at > seen.looked_at
        and purchases.ordered_at < seen.imagined_at
),

met as (
    select
        seen.purchase_id,
        bool_or(seen.kind = 'month' and seen.day_offset = 0) as is_carried_over,
        bool_or(seen.kind = 'earlier') as is_carried_over_earlier,
        count(*) filter (where seen.kind = 'month') as n_days_met
    from seen
    left join bought_there
        on
            seen.purchase_id = bought_there.purchase_id
            and seen.kind = bought_there.kind
            and seen.day_offset = bought_there.day_offset
    where bought_there.purchase_id is null
    group by 1
),

months as (
    select
        purchase_id,
        count(*) as n_days
    from moments
    where kind = 'month'
    group by 1
)

select
    purchases.purchase_id,
    purchases.order_id,
    purchases.customer_id,
    purchases.ordered_at,
    purchases.order_date,
    purchases.behaviour,
    purchases.channel,
    purchases.region,
    purchases.product_line,
    cast(purchases.net_amount_reporting as decimal(18, 4)) as net_amount_reporting,
    coalesce(met.is_carried_over, false) as is_carried_over,
    coalesce(met.is_carried_over_earlier, false) as is_carried_over_earlier,
    cast(coalesce(met.n_days_met / months.n_days, 0) as double) as share_of_month_met,
    -- The log must reach back over both windows.
    coalesce(
        purchases.ordered_at - 2 * purchases.lookback_days * interval 1 day >= cast(first_looks.first_at as date), false
    ) as is_comparable
from purchases
left join met on purchases.purchase_id = met.purchase_id
left join months on purchases.purchase_id = months.purchase_id
left join first_looks on purchases.behaviour = first_looks.behaviour
