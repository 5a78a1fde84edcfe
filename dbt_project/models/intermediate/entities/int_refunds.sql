-- One row per refunded line (or refund without lines).
{{ union_entity('refunds', ['shopify', 'pos', 'adventureworks', 'online_retail', 'maven_fuzzy']) }}
