-- One row per cart episode in which the returns policy was read before the exit.
with signs as (
    select * from {{ ref('cart_signs') }}
    where is_after_add
)

{{ last_evidence('returns_policy', 'shipping', 'signs', "event_name = 'returns_policy_view'") }}
