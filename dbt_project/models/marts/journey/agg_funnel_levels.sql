-- One row per funnel and unit that entered it: how far it got in time order within the window, by the chain that got furthest (the
-- first to do so). Other events may lie between the steps, and steps of equal time follow each other: windowFunnel's default mode.
--
-- A unit's level is found step by step. The rows of step k carry the start of the latest chain that can still reach them; the start
-- never decreases in time, so the running maximum over the rows before is exact (methods: S32), and each window sees two steps only.
with events as (
    select
        event_type,
        event_at,
        customer_id,
        cart_ref,
        order_id
    from {{ ref('fct_events') }}
    where
        customer_id is not null
        and not is_bot
        and not is_staff
),

entry_events as (
    select
        event_type,
        event_at,
        customer_id,
        cart_ref,
        region,
        device_category,
        channel
    from {{ ref('fct_events') }}
    where
        customer_id is not null
        and not is_bot
        and not is_staff
),

carts as (
    select
        'cart' as unit,
        cart_id,
        customer_id,
        order_id,
        coalesce(first_cart_ref, customer_id) as cart_key,
        started_at,
        region,
        device_category,
        channel,
        lead(started_at) over (partition by coalesce(first_cart_ref, customer_id) order by started_at, cart_id) as next_started_at
    from {{ ref('fct_carts') }}
),

funnels as (
    select
        *,
        max(step_order) over (partition by funnel_id) as n_steps
    from {{ ref('funnels') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

steps as (
    select
        funnels.funnel_id,
        funnels.unit,
        events.customer_id as unit_id,
        events.customer_id,
        funnels.step_order,
        funnels.window_hours,
        events.event_at
    from funnels
    cross join run_settings
    inner join events on funnels.event_type = events.event_type
    where
        funnels.unit = 'customer'
        and events.event_at < run_settings.as_of
    union all
    select
        funnels.funnel_id,
        funnels.unit,
        carts.cart_id as unit_id,
        carts.customer_id,
        funnels.step_order,
        funnels.window_hours,
        events.event_at
    from funnels
    cross join run_settings
    inner join events on funnels.event_type = events.event_type
    inner join carts
        on
            coalesce(events.cart_ref, events.customer_id) = carts.cart_key
            and events.event_at >= carts.started_at
            and (events.event_at < carts.next_started_at or carts.next_started_at is null)
    where
        funnels.unit = 'cart'
        and events.event_at < run_settings.as_of
),

reached_1 as (
    select
        funnel_id,
        unit_id,
        event_at,
        event_at as start_at
    from steps
    where step_order = 1
),
{% for step in range(2, 7) %}
chained_{{ step }} as (
    select
        step_order,
        funnel_id,
        unit_id,
        event_at,
        window_hours,
        max(start_at) over (
            partition by funnel_id, unit_id
            order by event_at, step_order
            rows between unbounded preceding and current row
        ) as start_at
    from (
        select
            {{ step - 1 }} as step_order,
            funnel_id,
            unit_id,
            event_at,
            cast(null as integer) as window_hours,
            start_at
        from reached_{{ step - 1 }}
        union all
        select
            step_order,
            funnel_id,
            unit_id,
            event_at,
            window_hours,
            cast(null as timestamp) as start_at
        from steps
        where step_order = {{ step }}
    ) as two_steps
),

reached_{{ step }} as (
    select
        funnel_id,
        unit_id,
        event_at,
        start_at
    from chained_{{ step }}
    where
        step_order = {{ step }}
        and event_at <= start_at + window_hours * interval 1 hour
),
{% endfor %}
reached as (
    {%- for step in range(1, 7) %}
    select
        {{ step }} as level,
        funnel_id,
        unit_id,
        min(event_at) as reached_at,
        min(start_at) as start_at
    from reached_{{ step }}
    group by funnel_id, unit_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Starts do not decrease in time, so the earliest start of a level belongs to its earliest row.
entered as (
    select
        funnel_id,
        unit_id,
        max(level) as level,
        max_by(start_at, level) as entered_at
    from reached
    group by 1, 2
),

-- Times of the steps: from the entry each step as early as it can be.
times_1 as (
    select
        entered.funnel_id,
        entered.unit_id,
        entered.entered_at,
        entered.level,
        entered.entered_at as step_1_at
    from entered
),
{% for step in range(2, 7) %}
times_{{ step }} as (
    select
        times.*,
        found.step_at as step_{{ step }}_at
    from times_{{ step - 1 }} as times
    left join (
        select
            earlier.funnel_id,
            earlier.unit_id,
            min(steps.event_at) as step_at
        from times_{{ step - 1 }} as earlier
        inner join steps
            on
                earlier.funnel_id = steps.funnel_id
                and earlier.unit_id = steps.unit_id
                and steps.step_order = {{ step }}
                and steps.event_at >= earlier.step_{{ step - 1 }}_at
                and steps.event_at <= earlier.entered_at + steps.window_hours * interval 1 hour
        where earlier.level >= {{ step }}
        group by 1, 2
    ) as found
        on
            times.funnel_id = found.funnel_id
            and times.unit_id = found.unit_id
),
{% endfor %}
sized as (
    select distinct
        funnel_id,
        unit,
        window_hours
    from funnels
),

-- Several first steps at the same moment: their attributes are told apart by name only.
customer_entries as (
    select
        times_6.funnel_id,
        times_6.unit_id,
        min(entry_events.region) as region,
        min(entry_events.device_category) as device_category,
        min(entry_events.channel) as channel
    from times_6
    inner join funnels
        on
            times_6.funnel_id = funnels.funnel_id
            and funnels.unit = 'customer'
            and funnels.step_order = 1
    inner join entry_events
        on
            times_6.unit_id = entry_events.customer_id
            and times_6.entered_at = entry_events.event_at
            and funnels.event_type = entry_events.event_type
    group by 1, 2
)

select
    times_6.funnel_id,
    sized.unit,
    times_6.unit_id,
    case sized.unit when 'cart' then carts.customer_id else times_6.unit_id end as customer_id,
    times_6.entered_at,
    times_6.level,
    times_6.step_2_at,
    times_6.step_3_at,
    times_6.step_4_at,
    times_6.step_5_at,
    times_6.step_6_at,
    coalesce(carts.region, customer_entries.region) as region,
    coalesce(carts.device_category, customer_entries.device_category) as device_category,
    coalesce(carts.channel, customer_entries.channel) as channel,
    times_6.entered_at + sized.window_hours * interval 1 hour <= run_settings.as_of as is_mature
from times_6
cross join run_settings
inner join sized on times_6.funnel_id = sized.funnel_id
left join carts
    on
        sized.unit = carts.unit
        and times_6.unit_id = carts.cart_id
left join customer_entries
    on
        times_6.funnel_id = customer_entries.funnel_id
        and times_6.unit_id = customer_entries.unit_id
