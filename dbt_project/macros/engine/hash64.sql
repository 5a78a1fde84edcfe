{# A 64-bit hash of some columns, nulls included: to find candidates cheaply, never to decide (values differ by engine). #}
{% macro hash64(columns) %}{{ return(adapter.dispatch('hash64')(columns)) }}{% endmacro %}

{% macro duckdb__hash64(columns) %}hash({{ columns | join(', ') }}){% endmacro %}

{% macro spark__hash64(columns) %}xxhash64({{ columns | join(', ') }}){% endmacro %}
