-- One row per cart episode in which a page on security or privacy was read before the exit. A shop whose export names no such page, as the
-- demo company's, shows none.
with signs as (
    select * from {{ ref('cart_signs') }}
    where is_after_add
)

{{ last_evidence('trust', 'cart', 'signs', 'is_policy_view') }}
