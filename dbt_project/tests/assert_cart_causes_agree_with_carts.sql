-- Law: a cart's main cause stands among the causes proved for it, and its flags are those causes, one for one.
with causes as (
    select
        cart_id,
        max(case when is_primary then cause end) as primary_cause,
        sum(case when is_primary then 1 else 0 end) as n_primary,
        count(*) as n_causes
    from {{ ref('fct_cart_causes') }}
    group by 1
)

select carts.cart_id
from {{ ref('fct_carts') }} as carts
left join causes on carts.cart_id = causes.cart_id
where
    coalesce(causes.n_primary, 0) > 1
    or coalesce(causes.primary_cause, '') <> coalesce(nullif(nullif(carts.primary_cause, 'browsing'), 'unknown'), '')
    or coalesce(causes.n_causes, 0) <> (
        cast(carts.saw_shipping_cost as integer) + cast(carts.saw_threshold_gap as integer) + cast(carts.saw_slow_page as integer)
        + cast(carts.saw_error as integer) + cast(carts.saw_payment_problem as integer) + cast(carts.saw_forced_account as integer)
        + cast(carts.saw_out_of_stock as integer) + cast(carts.saw_long_delivery as integer) + cast(carts.saw_coupon_failed as integer)
        + cast(carts.saw_information_gap as integer) + cast(carts.saw_returns_policy as integer) + cast(carts.asked_support as integer)
        + cast(carts.saw_method_missing as integer) + cast(carts.saw_price_drop as integer) + cast(carts.saw_coupon_hunting as integer)
        + cast(carts.saw_trust_page as integer) + cast(carts.saw_confusing_checkout as integer)
    )
