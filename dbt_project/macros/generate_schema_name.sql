{# Schemas are named by layer (staging, entities, identity, core, journey, feedback, seeds), without a target prefix:
   a warehouse file holds one environment only. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
