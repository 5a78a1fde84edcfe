-- One row per cart episode with a payment declined.
with signs as (
    select * from {{ ref('cart_signs') }}
    where is_after_add
)

{{ last_evidence('payment_problem', 'payment', 'signs', "event_name = 'payment_declined'") }}
