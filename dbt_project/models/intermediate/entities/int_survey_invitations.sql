-- One row per survey invitation: the base of response rates.
{{ union_entity('survey_invitations', ['qualtrics']) }}
