-- One row per cart episode with a coupon refused.
with signs as (
    select * from {{ ref('cart_signs') }}
    where is_after_add
)

{{ last_evidence('coupon_failed', 'checkout', 'signs', "event_name = 'coupon_error'") }}
