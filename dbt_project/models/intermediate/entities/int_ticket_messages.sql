-- One row per message of a ticket.
{{ union_entity('ticket_messages', ['zendesk']) }}
