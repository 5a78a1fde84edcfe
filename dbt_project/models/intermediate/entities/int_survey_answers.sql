-- One row per survey response, items side by side; an item not asked is null.
{{ union_entity('survey_answers', ['qualtrics', 'adventureworks']) }}
