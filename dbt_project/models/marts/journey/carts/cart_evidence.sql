-- One row per cart episode and cause that holds, with the event that proves it. Several may hold for one cart.
{%- set causes = [
    'payment_problem', 'method_missing', 'out_of_stock', 'error', 'forced_account', 'shipping_cost', 'long_delivery', 'coupon_failed',
    'threshold_gap', 'price_drop', 'coupon_hunting', 'returns_policy', 'trust', 'slow_page', 'information_gap', 'support',
    'confusing_checkout',
] %}
{% for cause in causes -%}
select
    episode,
    cause,
    at_risk_step,
    evidence_type,
    evidence_ref,
    evidence_at
from {{ ref('cart_cause_' ~ cause) }}
{{ 'union all' if not loop.last }}
{% endfor -%}
