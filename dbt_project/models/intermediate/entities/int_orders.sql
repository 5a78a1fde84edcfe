-- One row per order or sale receipt.
{{ union_entity('orders', ['shopify', 'pos', 'adventureworks', 'online_retail', 'maven_fuzzy']) }}
