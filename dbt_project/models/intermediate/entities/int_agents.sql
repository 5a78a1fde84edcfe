-- One row per agent and week.
{{ union_entity('agents', ['zendesk']) }}
