-- One row per checkout kept by the shop as abandoned or unfinished.
{{ union_entity('carts', ['shopify']) }}
