-- One row per order line.
{{ union_entity('order_lines', ['shopify', 'pos', 'adventureworks', 'online_retail', 'maven_fuzzy']) }}
