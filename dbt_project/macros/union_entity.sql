{# One canonical relation from the staging models of the enabled systems: `{{ union_entity('orders', ['shopify', 'pos']) }}`.

   Columns and types are those of the model's own YAML. A column a system's staging model does not declare is null there: a staging
   model says only what its system knows. A system that is not enabled is left out; where none is left the relation is empty and
   typed. So this macro is the only place that knows which systems take part. #}
{% macro union_entity(entity, systems) -%}
    {%- set enabled = env_var('JOURNEYLINE_SOURCES').split(',') -%}
    {%- set relations = [] -%}
    {%- for system in systems if system in enabled -%}
        {%- do relations.append((ref('stg_' ~ system ~ '__' ~ entity), 'stg_' ~ system ~ '__' ~ entity)) -%}
    {%- endfor -%}
    {%- if execute -%}
        {%- for relation, name in relations %}
            {%- set known = staged_columns(name) %}
select
{%- for column in model.columns.values() %}
    cast({{ column.name if known is none or column.name in known else 'null' }} as {{ sql_type(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
{%- endfor %}
from {{ relation }}
{{ 'union all' if not loop.last }}
        {%- else %}
select
{%- for column in model.columns.values() %}
    cast(null as {{ sql_type(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
{%- endfor %}
where 1 = 0
        {%- endfor %}
    {%- endif %}
{%- endmacro %}

{# Names of the columns a staging model declares, or none where dbt does not show it (a unit test's inputs have every column). #}
{% macro staged_columns(name) -%}
    {%- set found = graph.get('nodes', {}).get('model.' ~ model.package_name ~ '.' ~ name) -%}
    {{- return(found.columns.keys() | list if found else none) -}}
{%- endmacro %}
