-- One row per message received, opened, clicked or unsubscribed from.
{{ union_entity('campaign_touches', ['klaviyo']) }}
