-- One row per cart episode with an item found out of stock.
with signs as (
    select * from {{ ref('cart_signs') }}
    where is_after_add
)

{{ last_evidence('out_of_stock', 'cart', 'signs', "event_name = 'out_of_stock'") }}
