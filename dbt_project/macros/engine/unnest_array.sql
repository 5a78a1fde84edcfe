{# One row per element of an array, behind a from clause: `from orders {{ unnest_array('lines', 'line') }}`.
   The element is called item, its position (from 1) item_number where numbered. A null or empty array gives no row. #}
{% macro unnest_array(array, item, numbered=false) %}{{ return(adapter.dispatch('unnest_array')(array, item, numbered)) }}{% endmacro %}

{% macro duckdb__unnest_array(array, item, numbered) -%}
    {%- if numbered -%}
        cross join unnest({{ array }}) with ordinality as {{ item }}_rows({{ item }}, {{ item }}_number)
    {%- else -%}
        cross join unnest({{ array }}) as {{ item }}_rows({{ item }})
    {%- endif -%}
{%- endmacro %}

{% macro spark__unnest_array(array, item, numbered) -%}
    {%- if numbered -%}
        lateral view inline(transform({{ array }}, (x, i) -> struct(x as item, cast(i + 1 as bigint) as n))) {{ item }}_rows as {{ item }}, {{ item }}_number
    {%- else -%}
        lateral view explode({{ array }}) {{ item }}_rows as {{ item }}
    {%- endif -%}
{%- endmacro %}
