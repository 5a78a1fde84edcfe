-- One row per cart episode that was told a payment method is not offered. Only an event of the shop says so (payment_method_unavailable):
-- where it sends none, as the demo company's, nothing is found.
with signs as (
    select * from {{ ref('cart_signs') }}
    where is_after_add
)

{{ last_evidence('method_missing', 'shipping', 'signs', "event_name = 'payment_method_unavailable'") }}
