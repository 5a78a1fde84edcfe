{# One scalar of a JSON text as text; path is dotted ('customer.id', '[0].code'). Null where the document or the path is absent. #}
{% macro json_text(column, path) %}{{ return(adapter.dispatch('json_text')(column, ('$' if path.startswith('[') else '$.') ~ path)) }}{% endmacro %}

{% macro duckdb__json_text(column, path) %}json_extract_string({{ column }}, '{{ path }}'){% endmacro %}

{% macro spark__json_text(column, path) %}get_json_object({{ column }}, '{{ path }}'){% endmacro %}
