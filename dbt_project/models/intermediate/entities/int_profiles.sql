-- One row per source record of a person: customer account, CRM contact, desk user, device, login, card, guest order, reviewer, respondent.
{{ union_entity('profiles', [
    'shopify', 'zendesk', 'hubspot', 'ga4', 'klaviyo', 'trustpilot',
    'qualtrics', 'pos', 'adventureworks', 'online_retail', 'maven_fuzzy',
]) }}
