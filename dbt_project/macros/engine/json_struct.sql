{# A JSON object as a struct, or with is_array an array of them as an array of structs, parsed once for all fields.
   fields: {name: type}; a type may itself be such a mapping (object) or a list of one mapping (array of objects).
   A field that is absent or does not cast is null. #}
{% macro json_struct(column, fields, is_array=false) %}{{ return(adapter.dispatch('json_struct')(column, fields, is_array)) }}{% endmacro %}

{% macro duckdb__json_struct(column, fields, is_array) %}
    {{- "from_json(" ~ column ~ ", '" ~ tojson([fields] if is_array else fields) ~ "')" -}}
{% endmacro %}

{% macro spark__json_struct(column, fields, is_array) %}
    {{- "from_json(" ~ column ~ ", '" ~ spark__json_schema([fields] if is_array else fields) ~ "')" -}}
{% endmacro %}

{% macro spark__json_schema(type) %}
    {%- if type is mapping -%}
        {%- set parts = [] -%}
        {%- for name, inner in type.items() -%}{%- do parts.append(name ~ ': ' ~ spark__json_schema(inner)) -%}{%- endfor -%}
        {{- return('struct<' ~ parts | join(', ') ~ '>') -}}
    {%- elif type is string -%}
        {{- return(spark__sql_type(type)) -}}
    {%- else -%}
        {{- return('array<' ~ spark__json_schema(type[0]) ~ '>') -}}
    {%- endif -%}
{% endmacro %}
