-- One row per campaign.
{{ union_entity('campaigns', ['klaviyo']) }}
