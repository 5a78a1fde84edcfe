{# A timestamp inside a JSON text (ISO 8601, with or without an offset) as UTC; null where it does not read as one. #}
{% macro json_timestamp(text) %}{{ return(adapter.dispatch('json_timestamp')(text)) }}{% endmacro %}

{% macro duckdb__json_timestamp(text) %}timezone('UTC', try_cast({{ text }} as timestamptz)){% endmacro %}

{% macro spark__json_timestamp(text) %}try_cast({{ text }} as timestamp){% endmacro %}
