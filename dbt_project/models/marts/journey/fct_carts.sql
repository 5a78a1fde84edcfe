-- One row per cart episode: from the first add until the order, the emptying or 30 days of silence. Put together from the cart models
-- beside it; what a cart met and why it was left is theirs to say.
with outcomes as (
    select * from {{ ref('cart_outcomes') }}
),

measures as (
    select * from {{ ref('cart_measures') }}
),

evidence as (
    select
        episode,
        cause
    from {{ ref('cart_evidence') }}
),

primary_causes as (
    select * from {{ ref('cart_primary_causes') }}
),

session_exits as (
    select
        episode,
        count(*) as n_session_exits
    from {{ ref('cart_session_exits') }}
    group by 1
),

product_lines as (
    select * from {{ ref('product_lines') }}
),

met as (
    select
        episode,
        bool_or(cause = 'shipping_cost') as saw_shipping_cost,
        bool_or(cause = 'threshold_gap') as saw_threshold_gap,
        bool_or(cause = 'slow_page') as saw_slow_page,
        bool_or(cause = 'error') as saw_error,
        bool_or(cause = 'payment_problem') as saw_payment_problem,
        bool_or(cause = 'forced_account') as saw_forced_account,
        bool_or(cause = 'out_of_stock') as saw_out_of_stock,
        bool_or(cause = 'long_delivery') as saw_long_delivery,
        bool_or(cause = 'coupon_failed') as saw_coupon_failed,
        bool_or(cause = 'information_gap') as saw_information_gap,
        bool_or(cause = 'returns_policy') as saw_returns_policy,
        bool_or(cause = 'support') as asked_support,
        bool_or(cause = 'method_missing') as saw_method_missing,
        bool_or(cause = 'price_drop') as saw_price_drop,
        bool_or(cause = 'coupon_hunting') as saw_coupon_hunting,
        bool_or(cause = 'trust') as saw_trust_page,
        bool_or(cause = 'confusing_checkout') as saw_confusing_checkout
    from evidence
    group by 1
)

select
    outcomes.cart_id,
    outcomes.customer_id,
    measures.first_cart_ref,
    outcomes.started_at,
    outcomes.last_activity_at,
    outcomes.cart_date,
    measures.region,
    measures.channel,
    measures.device_category,
    measures.product_line,
    product_lines.division,
    measures.n_products,
    measures.n_sessions,
    measures.n_devices,
    coalesce(session_exits.n_session_exits, 0) as n_session_exits,
    outcomes.currency,
    outcomes.value_amount,
    outcomes.value_amount_reporting,
    measures.has_checkout,
    measures.has_shipping,
    measures.has_payment,
    outcomes.is_emptied,
    outcomes.order_id,
    outcomes.ordered_at,
    outcomes.hours_to_order,
    outcomes.state,
    outcomes.recovery_type,
    outcomes.is_abandoned,
    outcomes.is_mature,
    case
        when outcomes.value_amount > 0 then cast(outcomes.shipping_amount as double) / cast(outcomes.value_amount as double)
    end as shipping_fee_share,
    coalesce(met.saw_shipping_cost, false) as saw_shipping_cost,
    coalesce(met.saw_threshold_gap, false) as saw_threshold_gap,
    coalesce(met.saw_slow_page, false) as saw_slow_page,
    coalesce(met.saw_error, false) as saw_error,
    coalesce(met.saw_payment_problem, false) as saw_payment_problem,
    coalesce(met.saw_forced_account, false) as saw_forced_account,
    coalesce(met.saw_out_of_stock, false) as saw_out_of_stock,
    coalesce(met.saw_long_delivery, false) as saw_long_delivery,
    coalesce(met.saw_coupon_failed, false) as saw_coupon_failed,
    coalesce(met.saw_information_gap, false) as saw_information_gap,
    coalesce(met.saw_returns_policy, false) as saw_returns_policy,
    coalesce(met.asked_support, false) as asked_support,
    coalesce(met.saw_method_missing, false) as saw_method_missing,
    coalesce(met.saw_price_drop, false) as saw_price_drop,
    coalesce(met.saw_coupon_hunting, false) as saw_coupon_hunting,
    coalesce(met.saw_trust_page, false) as saw_trust_page,
    coalesce(met.saw_confusing_checkout, false) as saw_confusing_checkout,
    case
        when outcomes.is_abandoned
            then coalesce(primary_causes.cause, case when measures.has_checkout then 'unknown' else 'browsing' end)
    end as primary_cause
from outcomes
inner join measures on outcomes.episode = measures.episode
left join session_exits on outcomes.episode = session_exits.episode
left join met on outcomes.episode = met.episode
left join primary_causes on outcomes.episode = primary_causes.episode
left join product_lines on measures.product_line = product_lines.product_line
