{# The letters of a text in alphabetical order: equal for two texts that differ only in the order of letters. #}
{% macro sorted_letters(text) %}{{ return(adapter.dispatch('sorted_letters')(text)) }}{% endmacro %}

{% macro duckdb__sorted_letters(text) %}array_to_string(list_sort(string_split({{ text }}, '')), ''){% endmacro %}

{% macro spark__sorted_letters(text) %}array_join(sort_array(split({{ text }}, '')), ''){% endmacro %}
