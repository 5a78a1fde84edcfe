-- One row per account (company) record.
{{ union_entity('accounts', ['hubspot', 'adventureworks']) }}
