{# A column type of a model's YAML in the engine's own words. The YAML speaks DuckDB; Spark has no varchar without a length. #}
{% macro sql_type(data_type) %}{{ return(adapter.dispatch('sql_type')(data_type)) }}{% endmacro %}

{% macro duckdb__sql_type(data_type) %}{{ return(data_type) }}{% endmacro %}

{% macro spark__sql_type(data_type) %}
    {%- set names = {'varchar': 'string', 'integer': 'int'} -%}
    {{- return(names.get(data_type, data_type)) -}}
{% endmacro %}
