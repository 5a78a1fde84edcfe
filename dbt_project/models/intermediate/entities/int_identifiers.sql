-- One row per source record, identifier type and raw value: what could link records.
{{ union_entity('identifiers', [
    'shopify', 'zendesk', 'hubspot', 'ga4', 'klaviyo', 'trustpilot',
    'qualtrics', 'pos', 'adventureworks', 'online_retail', 'maven_fuzzy',
]) }}
