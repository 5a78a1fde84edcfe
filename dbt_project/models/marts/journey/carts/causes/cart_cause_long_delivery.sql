-- One row per cart episode that was promised a delivery of more than five days.
with steps as (
    select * from {{ ref('cart_steps') }}
)

{{ last_evidence('long_delivery', 'shipping', 'steps', 'delivery_days > 5') }}
