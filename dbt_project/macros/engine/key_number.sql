{# A key of some columns as one number, lighter to sort and to join by than text. Of some million keys two may share a number (one case in
   a million), so wherever it stands for the key a test must hold that no two do. Numbers differ by engine. #}
{% macro key_number(columns) %}{{ return(adapter.dispatch('key_number')(columns)) }}{% endmacro %}

{% macro duckdb__key_number(columns) %}cast(hash({{ columns | join(', ') }}) >> 1 as bigint){% endmacro %}

{% macro spark__key_number(columns) %}xxhash64({{ columns | join(', ') }}){% endmacro %}
