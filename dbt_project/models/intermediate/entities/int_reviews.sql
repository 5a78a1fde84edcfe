-- One row per review.
{{ union_entity('reviews', ['trustpilot']) }}
