-- One row per cart episode in which the site failed, or a form refused its input three times.
with signs as (
    select
        *,
        count(*) filter (where event_name = 'exception') over (partition by episode) as n_site_errors,
        count(*) over (partition by episode) as n_errors
    from {{ ref('cart_signs') }}
    where
        is_after_add
        and event_name in ('exception', 'form_error')
)

{{ last_evidence('error', 'checkout', 'signs', 'n_site_errors > 0 or n_errors >= 3') }}
