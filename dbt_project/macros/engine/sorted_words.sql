{# The words of a text in alphabetical order, so that "anna muller" and "muller anna" are one. #}
{% macro sorted_words(text) %}{{ return(adapter.dispatch('sorted_words')(text)) }}{% endmacro %}

{% macro duckdb__sorted_words(text) %}array_to_string(list_sort(string_split({{ text }}, ' ')), ' '){% endmacro %}

{% macro spark__sorted_words(text) %}array_join(sort_array(split({{ text }}, ' ')), ' '){% endmacro %}
