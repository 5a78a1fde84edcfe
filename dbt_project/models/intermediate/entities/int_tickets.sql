-- One row per support ticket.
{{ union_entity('tickets', ['zendesk']) }}
