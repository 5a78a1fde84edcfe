-- One row per deal.
{{ union_entity('deals', ['hubspot']) }}
