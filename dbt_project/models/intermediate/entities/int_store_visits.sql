-- One row per identified store visit or in-store scan.
{{ union_entity('store_visits', ['pos']) }}
