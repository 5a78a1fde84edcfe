{# Text cut at a literal separator, as an array of text. #}
{% macro split_text(text, separator) %}{{ return(adapter.dispatch('split_text')(text, separator)) }}{% endmacro %}

{% macro duckdb__split_text(text, separator) %}string_split({{ text }}, '{{ separator }}'){% endmacro %}

{% macro spark__split_text(text, separator) %}split({{ text }}, '\\Q{{ separator }}\\E'){% endmacro %}
