-- One row per cart episode: from the first add until the order, the emptying or 30 days of silence.
with web_events as (
    select * from {{ ref('int_web_events') }}
    where not is_bot
),

identity_map as (
    select
        node_id,
        profile_kind,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
    where not is_staff
),

device_owners as (
    {{ device_owner_spans() }}
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

order_lines as (
    select
        order_id,
        product_id,
        product_line
    from {{ ref('fct_order_lines') }}
),

tickets as (
    select
        customer_id,
        opened_at
    from {{ ref('fct_tickets') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

product_lines as (
    select * from {{ ref('product_lines') }}
),

rates as (
    select * from {{ ref('dim_fx_rates') }}
),

shipping_thresholds as (
    select
        currency,
        valid_from,
        lead(valid_from, 1, cast('9999-12-31' as date)) over (partition by currency order by valid_from) as next_valid_from,
        free_shipping_from_amount
    from {{ ref('shipping_thresholds') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

-- Cart activity: the cart's own steps and whatever else happened with its token. A token is one cart on whichever device it is
-- opened; without a token the cart is the person's.
activity as (
    select
        case when web_events.cart_ref is not null then 't:' || web_events.cart_ref else 'c:' || {{ customer_or_device_owner() }} end
            as unit_key,
        web_events.event_ref,
        web_events.event_at,
        web_events.event_name,
        {{ customer_or_device_owner() }} as customer_id,
        identity_map.profile_kind = 'login' as is_login,
        web_events.cart_ref,
        coalesce(web_events.vendor_session_ref, web_events.device_ref) as session_ref,
        case when web_events.platform in ('ANDROID', 'IOS') then 'app' else 'web' end as channel,
        web_events.device_category,
        web_events.region,
        web_events.product_ref,
        coalesce(web_events.product_line, products.product_line) as product_line,
        coalesce(web_events.quantity, 1) as quantity,
        web_events.value_amount,
        coalesce(web_events.currency, case when web_events.value_amount is null then products.currency end) as currency,
        coalesce(web_events.value_amount, products.list_price_amount * coalesce(web_events.quantity, 1)) as line_amount,
        web_events.shipping_amount,
        web_events.delivery_days,
        coalesce(web_events.is_login_required, false) as is_login_required
    from web_events
    inner join identity_map on web_events.node_id = identity_map.node_id
    cross join run_settings
    left join device_owners
        on
            {{ owns_device_at('web_events.device_ref', 'web_events.event_at') }}
    left join products on web_events.product_ref = products.product_id
    where
        web_events.event_at < run_settings.as_of
        and (
            web_events.event_name in (
                'add_to_cart', 'remove_from_cart', 'view_cart', 'begin_checkout', 'add_shipping_info', 'add_payment_info'
            )
            or (web_events.cart_ref is not null and web_events.event_name <> 'purchase')
        )
),

closing_orders as (
    select
        case when orders.cart_ref is not null then 't:' || orders.cart_ref else 'c:' || orders.customer_id end as unit_key,
        orders.order_id,
        orders.ordered_at
    from orders
    cross join run_settings
    where
        orders.ordered_at < run_settings.as_of
        and (orders.cart_ref is not null or orders.channel in ('web', 'app'))
        and coalesce(orders.cart_ref, orders.customer_id) is not null
),

timeline as (
    select
        unit_key,
        event_at,
        event_ref,
        event_name,
        quantity
    from activity
    union all
    select
        unit_key,
        ordered_at as event_at,
        order_id as event_ref,
        'order' as event_name,
        cast(0 as bigint) as quantity
    from closing_orders
),

-- An order or 30 days of silence ends an episode ...
ended as (
    select
        *,
        case
            when lag(event_name) over by_unit = 'order' then 1
            when event_name <> 'order' and event_at > lag(event_at) over by_unit + interval 30 day then 1
            else 0
        end as is_new
    from timeline
    window by_unit as (
        partition by unit_key
        order by event_at, case when event_name = 'order' then 1 else 0 end, event_ref
    )
),

runs as (
    select
        *,
        sum(is_new) over (
            partition by unit_key
            order by event_at, case when event_name = 'order' then 1 else 0 end, event_ref
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
            order by event_at, case when event_name = 'order' then 1 else 0 end, event_ref
            rows between unbounded preceding and current row
        ) as n_units
    from runs
),

emptied as (
    select
        *,
        event_name = 'remove_from_cart' and n_units <= 0 as is_emptying,
        sum(case when event_name = 'remove_from_cart' and n_units <= 0 then 1 else 0 end) over (
            partition by unit_key, run_number
            order by event_at, case when event_name = 'order' then 1 else 0 end, event_ref
            rows between unbounded preceding and 1 preceding
        ) as n_emptied_before
    from filled
),

episodes as (
    select
        row_number() over (order by unit_key, run_number, coalesce(n_emptied_before, 0)) as episode,
        unit_key,
        run_number,
        coalesce(n_emptied_before, 0) as n_emptied_before,
        min(event_at) filter (where event_name = 'add_to_cart') as started_at,
        bool_or(is_emptying) as is_emptied,
        max(event_ref) filter (where event_name = 'order') as own_order_id,
        max(event_at) filter (where event_name = 'order') as own_ordered_at
    from emptied
    group by unit_key, run_number, coalesce(n_emptied_before, 0)
    having count(*) filter (where event_name = 'add_to_cart') > 0
),

steps as (
    select
        episodes.episode,
        activity.*,
        lead(activity.event_at) over (
            partition by episodes.episode
            order by activity.event_at, activity.event_ref
        ) as next_at
    from episodes
    inner join emptied
        on
            episodes.unit_key = emptied.unit_key
            and episodes.run_number = emptied.run_number
            and episodes.n_emptied_before = coalesce(emptied.n_emptied_before, 0)
            and emptied.event_name <> 'order'
            and emptied.event_at >= episodes.started_at
    inner join activity
        on
            emptied.unit_key = activity.unit_key
            and emptied.event_ref = activity.event_ref
),

-- The cart is left at its last activity, or at the first that a day of silence follows: what comes later is recovery.
left_at as (
    select
        episode,
        coalesce(
            min(event_at) filter (where next_at > event_at + interval 24 hour),
            max(event_at)
        ) as last_activity_at
    from steps
    group by 1
),

first_steps as (
    select
        steps.*,
        left_at.last_activity_at
    from steps
    inner join left_at
        on
            steps.episode = left_at.episode
            and steps.event_at <= left_at.last_activity_at
),

-- Equal times are told apart by the event's key, so that the first and the last step are the same in every run.
ranked_steps as (
    select
        *,
        row_number() over (
            partition by episode
            order by case when event_name = 'add_to_cart' then 0 else 1 end, event_at, event_ref
        ) as add_rank,
        row_number() over (
            partition by episode
            order by
                case when event_name not in ('add_to_cart', 'remove_from_cart') and value_amount is not null then 0 else 1 end,
                event_at desc,
                event_ref
        ) as value_rank,
        row_number() over (partition by episode order by case when is_login then 0 else 1 end, event_at desc, event_ref) as owner_rank
    from first_steps
),

measures as (
    select
        episode,
        max(customer_id) filter (where owner_rank = 1) as customer_id,
        max(cart_ref) filter (where add_rank = 1) as first_cart_ref,
        max(last_activity_at) as last_activity_at,
        max(region) filter (where add_rank = 1) as region,
        max(channel) filter (where add_rank = 1) as channel,
        max(device_category) filter (where add_rank = 1) as device_category,
        max(product_line) filter (where add_rank = 1) as product_line,
        count(distinct product_ref) filter (where event_name = 'add_to_cart') as n_products,
        count(distinct session_ref) as n_sessions,
        -- The shop says what the whole cart is worth when it is shown; before that it is what was put in.
        max(value_amount) filter (where value_rank = 1 and event_name not in ('add_to_cart', 'remove_from_cart')) as shown_amount,
        max(currency) filter (where value_rank = 1 and event_name not in ('add_to_cart', 'remove_from_cart')) as shown_currency,
        sum(case event_name when 'add_to_cart' then line_amount when 'remove_from_cart' then -line_amount end) as added_amount,
        max(currency) filter (where add_rank = 1) as added_currency,
        bool_or(event_name = 'begin_checkout') as has_checkout,
        bool_or(event_name = 'add_shipping_info') as has_shipping,
        bool_or(event_name = 'add_payment_info') as has_payment
    from ranked_steps
    group by 1
),

cart_items as (
    select distinct
        episode,
        product_ref as product_id,
        product_line
    from first_steps
    where
        event_name = 'add_to_cart'
        and product_ref is not null
),

-- Without an order of its own token: an online order of the person with one of the products, up to 30 days later.
other_orders as (
    select
        measures.episode,
        orders.order_id,
        orders.ordered_at,
        row_number() over (partition by measures.episode order by orders.ordered_at, orders.order_id) as order_rank
    from measures
    inner join episodes on measures.episode = episodes.episode
    inner join cart_items on measures.episode = cart_items.episode
    inner join orders
        on
            measures.customer_id = orders.customer_id
            and orders.ordered_at > measures.last_activity_at
            and orders.ordered_at <= measures.last_activity_at + interval 30 day
    inner join order_lines
        on
            orders.order_id = order_lines.order_id
            and cart_items.product_id = order_lines.product_id
    cross join run_settings
    where
        episodes.own_order_id is null
        and orders.channel in ('web', 'app')
        and orders.ordered_at < run_settings.as_of
),

-- Or something of the same product line in another channel, up to 14 days later.
elsewhere_orders as (
    select
        measures.episode,
        orders.order_id,
        orders.ordered_at,
        row_number() over (partition by measures.episode order by orders.ordered_at, orders.order_id) as order_rank
    from measures
    inner join episodes on measures.episode = episodes.episode
    inner join cart_items on measures.episode = cart_items.episode
    inner join orders
        on
            measures.customer_id = orders.customer_id
            and orders.ordered_at > measures.last_activity_at
            and orders.ordered_at <= measures.last_activity_at + interval 14 day
    inner join order_lines
        on
            orders.order_id = order_lines.order_id
            and cart_items.product_line = order_lines.product_line
    cross join run_settings
    where
        episodes.own_order_id is null
        and orders.channel not in ('web', 'app')
        and orders.ordered_at < run_settings.as_of
),

valued as (
    select
        measures.*,
        episodes.started_at,
        episodes.is_emptied,
        {{ date_in_zone('episodes.started_at', 'run_settings.reporting_time_zone') }} as cart_date,
        run_settings.as_of,
        run_settings.reporting_currency,
        coalesce(measures.shown_currency, measures.added_currency) as currency,
        case
            when episodes.is_emptied then cast(0 as decimal(18, 4))
            else cast(greatest(coalesce(measures.shown_amount, measures.added_amount, 0), 0) as decimal(18, 4))
        end as value_amount,
        -- An order of the cart's own token more than 30 days after it was left is a new decision.
        case
            when episodes.own_order_id is null then coalesce(other_orders.order_id, elsewhere_orders.order_id)
            when episodes.own_ordered_at <= measures.last_activity_at + interval 30 day then episodes.own_order_id
        end as order_id,
        case
            when episodes.own_order_id is null then coalesce(other_orders.ordered_at, elsewhere_orders.ordered_at)
            when episodes.own_ordered_at <= measures.last_activity_at + interval 30 day then episodes.own_ordered_at
        end as ordered_at,
        coalesce(episodes.own_order_id, other_orders.order_id) is null and elsewhere_orders.order_id is not null as is_elsewhere
    from measures
    cross join run_settings
    inner join episodes on measures.episode = episodes.episode
    left join other_orders
        on
            measures.episode = other_orders.episode
            and other_orders.order_rank = 1
    left join elsewhere_orders
        on
            measures.episode = elsewhere_orders.episode
            and elsewhere_orders.order_rank = 1
),

judged as (
    select
        valued.*,
        valued.last_activity_at + interval 24 hour <= valued.as_of as is_mature,
        case when valued.currency = valued.reporting_currency then 1.0e0 else rates.fx_rate end as fx_rate,
        shipping_thresholds.free_shipping_from_amount,
        coalesce(not valued.is_elsewhere and valued.ordered_at <= valued.last_activity_at + interval 24 hour, false) as is_purchased
    from valued
    left join rates
        on
            valued.currency = rates.currency
            and valued.cart_date = rates.rate_date
    left join shipping_thresholds
        on
            valued.currency = shipping_thresholds.currency
            and valued.cart_date >= shipping_thresholds.valid_from
            and valued.cart_date < shipping_thresholds.next_valid_from
),

-- Evidence of causes is looked for in the cart's sessions, from the first add to half an hour after it was left, and always
-- before the order: nothing that follows the outcome can explain it.
cart_sessions as (
    select
        first_steps.episode,
        first_steps.session_ref,
        judged.started_at,
        least(judged.last_activity_at + interval 30 minute, coalesce(judged.ordered_at, judged.as_of), judged.as_of) as until_at
    from first_steps
    inner join judged on first_steps.episode = judged.episode
    group by 1, 2, 3, 4
),

signs as (
    select
        cart_sessions.episode,
        cart_sessions.started_at,
        web_events.event_at,
        web_events.event_name,
        web_events.load_time_ms,
        web_events.n_results
    from cart_sessions
    inner join web_events
        on
            cart_sessions.session_ref = coalesce(web_events.vendor_session_ref, web_events.device_ref)
            and web_events.event_at < cart_sessions.until_at
    where
        web_events.event_name in (
            'page_timing', 'exception', 'form_error', 'payment_declined', 'out_of_stock', 'coupon_error', 'view_search_results',
            'faq_view', 'returns_policy_view'
        )
),

-- Load time is felt in the whole session, also before the add.
page_speed as (
    select
        episode,
        percentile_cont(0.75) within group (order by load_time_ms) as p75_load_ms,
        max(event_at) as last_at
    from signs
    where load_time_ms is not null
    group by 1
),

sign_counts as (
    select
        episode,
        max(event_at) filter (where event_name = 'payment_declined') as declined_at,
        max(event_at) filter (where event_name = 'out_of_stock') as out_of_stock_at,
        max(event_at) filter (where event_name = 'coupon_error') as coupon_at,
        max(event_at) filter (where event_name = 'returns_policy_view') as returns_policy_at,
        max(event_at) filter (where event_name in ('exception', 'form_error')) as error_at,
        count(*) filter (where event_name = 'exception') as n_site_errors,
        count(*) filter (where event_name = 'form_error') as n_form_errors,
        max(event_at) filter (
            where event_name = 'faq_view' or (event_name = 'view_search_results' and n_results = 0)
        ) as information_at,
        count(*) filter (where event_name = 'view_search_results' and n_results = 0) as n_empty_searches,
        count(*) filter (where event_name = 'faq_view') as n_faq_views
    from signs
    where event_at >= started_at
    group by 1
),

fees as (
    select
        episode,
        max(shipping_amount) as shipping_amount,
        max(event_at) filter (where shipping_amount > 0) as fee_at,
        max(event_at) filter (where delivery_days > 5) as long_delivery_at,
        max(event_at) filter (where is_login_required) as login_wall_at
    from first_steps
    group by 1
),

support_contacts as (
    select
        judged.episode,
        min(tickets.opened_at) as ticket_at
    from judged
    inner join tickets
        on
            judged.customer_id = tickets.customer_id
            and tickets.opened_at between judged.last_activity_at - interval 2 hour and judged.last_activity_at + interval 2 hour
            and tickets.opened_at < coalesce(judged.ordered_at, judged.as_of)
            and tickets.opened_at < judged.as_of
    group by 1
),

exposed as (
    select
        judged.*,
        case when judged.value_amount > 0 then cast(fees.shipping_amount as double) / cast(judged.value_amount as double) end
            as shipping_fee_share,
        fees.fee_at,
        case when fees.shipping_amount >= 0.08 * judged.value_amount and judged.value_amount > 0 then fees.fee_at end as shipping_cost_at,
        case
            when
                judged.value_amount < judged.free_shipping_from_amount
                and judged.value_amount >= 0.75 * judged.free_shipping_from_amount
                then fees.fee_at
        end as threshold_gap_at,
        fees.long_delivery_at,
        fees.login_wall_at,
        sign_counts.declined_at,
        sign_counts.out_of_stock_at,
        sign_counts.coupon_at,
        sign_counts.returns_policy_at,
        case when sign_counts.n_site_errors > 0 or sign_counts.n_form_errors >= 3 then sign_counts.error_at end as error_at,
        case when sign_counts.n_empty_searches > 0 or sign_counts.n_faq_views >= 2 then sign_counts.information_at end as information_at,
        case when page_speed.p75_load_ms >= 3000 then page_speed.last_at end as slow_page_at,
        support_contacts.ticket_at
    from judged
    inner join fees on judged.episode = fees.episode
    left join sign_counts on judged.episode = sign_counts.episode
    left join page_speed on judged.episode = page_speed.episode
    left join support_contacts on judged.episode = support_contacts.episode
),

-- What may have been the main cause: something that broke comes before cost and delivery, these before the rest; within a tier
-- the sign closest to the exit wins, then this order. A sign of a step the cart went past is no cause of leaving later.
causes as (
    {% set signs = [
        ('payment_problem', 1, 'declined_at', '1 = 1'),
        ('out_of_stock', 1, 'out_of_stock_at', 'not has_checkout'),
        ('error', 1, 'error_at', 'not has_shipping'),
        ('forced_account', 1, 'login_wall_at', 'not has_shipping'),
        ('shipping_cost', 2, 'shipping_cost_at', '1 = 1'),
        ('long_delivery', 2, 'long_delivery_at', '1 = 1'),
        ('coupon_failed', 2, 'coupon_at', '1 = 1'),
        ('threshold_gap', 2, 'threshold_gap_at', '1 = 1'),
        ('returns_policy', 3, 'returns_policy_at', '1 = 1'),
        ('slow_page', 3, 'slow_page_at', '1 = 1'),
        ('information_gap', 3, 'information_at', '1 = 1'),
        ('support', 3, 'ticket_at', '1 = 1'),
    ] -%}
    {% for cause, tier, sign_at, eligible in signs -%}
    select
        episode,
        '{{ cause }}' as cause,
        {{ tier }} as tier,
        {{ sign_at }} as sign_at,
        {{ loop.index }} as precedence
    from exposed
    where
        {{ sign_at }} is not null
        and {{ eligible }}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

main_causes as (
    select
        episode,
        cause
    from (
        select
            *,
            row_number() over (partition by episode order by tier, sign_at desc, precedence) as cause_rank
        from causes
    ) as ranked
    where cause_rank = 1
),

states as (
    select
        exposed.*,
        main_causes.cause,
        exposed.is_mature and not exposed.is_purchased and exposed.value_amount > 0 as is_abandoned
    from exposed
    left join main_causes on exposed.episode = main_causes.episode
)

select
    coalesce(states.first_cart_ref, states.customer_id) || ':' || cast({{ epoch_us('states.started_at') }} as string) as cart_id,
    states.customer_id,
    states.first_cart_ref,
    states.started_at,
    states.last_activity_at,
    states.cart_date,
    states.region,
    states.channel,
    states.device_category,
    states.product_line,
    product_lines.division,
    states.n_products,
    states.n_sessions,
    states.currency,
    states.value_amount,
    {{ in_reporting_currency('states.value_amount', 'states.fx_rate') }} as value_amount_reporting,
    states.has_checkout,
    states.has_shipping,
    states.has_payment,
    states.is_emptied,
    states.order_id,
    states.ordered_at,
    {{ seconds_between('states.last_activity_at', 'states.ordered_at') }} / 3600 as hours_to_order,
    case
        when states.is_purchased then 'purchased'
        when states.is_emptied then 'emptied'
        when not states.is_mature then 'open'
        when states.is_elsewhere then 'bought_elsewhere'
        when states.order_id is not null then 'recovered'
        else 'abandoned'
    end as state,
    states.is_abandoned,
    states.is_mature,
    states.shipping_fee_share,
    states.shipping_cost_at is not null as saw_shipping_cost,
    states.threshold_gap_at is not null as saw_threshold_gap,
    states.slow_page_at is not null as saw_slow_page,
    states.error_at is not null as saw_error,
    states.declined_at is not null as saw_payment_problem,
    states.login_wall_at is not null as saw_forced_account,
    states.out_of_stock_at is not null as saw_out_of_stock,
    states.long_delivery_at is not null as saw_long_delivery,
    states.coupon_at is not null as saw_coupon_failed,
    states.information_at is not null as saw_information_gap,
    states.returns_policy_at is not null as saw_returns_policy,
    states.ticket_at is not null as asked_support,
    case
        when states.is_abandoned
            then coalesce(states.cause, case when states.has_checkout then 'unknown' else 'browsing' end)
    end as primary_cause
from states
left join product_lines on states.product_line = product_lines.product_line
