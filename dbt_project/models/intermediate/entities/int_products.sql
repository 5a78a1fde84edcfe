-- One row per sellable product (SKU) record.
{{ union_entity('products', ['shopify', 'adventureworks', 'online_retail', 'maven_fuzzy']) }}
