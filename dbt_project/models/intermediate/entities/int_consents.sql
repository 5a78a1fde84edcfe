-- One row per consent record (node, purpose, channel, time).
{{ union_entity('consents', ['shopify', 'hubspot', 'klaviyo']) }}
