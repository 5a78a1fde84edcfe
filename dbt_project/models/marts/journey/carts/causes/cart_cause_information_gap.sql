-- One row per cart episode in which a search found nothing or help pages were read twice.
with signs as (
    select
        *,
        count(*) filter (where event_name = 'view_search_results') over (partition by episode) as n_empty_searches,
        count(*) over (partition by episode) as n_signs
    from {{ ref('cart_signs') }}
    where
        is_after_add
        and (event_name = 'faq_view' or (event_name = 'view_search_results' and n_results = 0))
)

{{ last_evidence('information_gap', 'cart', 'signs', 'n_empty_searches > 0 or n_signs >= 2') }}
