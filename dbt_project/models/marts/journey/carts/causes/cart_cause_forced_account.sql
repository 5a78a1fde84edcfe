-- One row per cart episode whose checkout asked for a login.
with steps as (
    select * from {{ ref('cart_steps') }}
)

{{ last_evidence('forced_account', 'checkout', 'steps', 'is_login_required') }}
