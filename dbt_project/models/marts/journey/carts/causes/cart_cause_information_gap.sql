-- One row per cart episode in which a search found nothing, help pages were read twice, or people searched three times.
with signs as (
    select
        *,
        event_name = 'faq_view' or n_results = 0 as is_sign,
        count(*) filter (where n_results = 0) over (partition by episode) as n_empty_searches,
        count(*) filter (where event_name = 'view_search_results') over (partition by episode) as n_searches,
        count(*) filter (where event_name = 'faq_view') over (partition by episode) as n_help_pages
    from {{ ref('cart_signs') }}
    where
        is_after_add
        and event_name in ('faq_view', 'view_search_results')
)

{{ last_evidence(
    'information_gap', 'cart', 'signs', 'n_searches >= 3 or (is_sign and (n_empty_searches > 0 or n_help_pages >= 2))'
) }}
