{# Arrays of structs, without a row per element.
   array_field: the array of one field · array_first: the first element or null · array_sum: the sum of one field or null. #}
{% macro array_field(array, field) %}{{ return(adapter.dispatch('array_field')(array, field)) }}{% endmacro %}

{% macro duckdb__array_field(array, field) %}list_transform({{ array }}, lambda x: x.{{ field }}){% endmacro %}

{% macro spark__array_field(array, field) %}transform({{ array }}, x -> x.{{ field }}){% endmacro %}

{% macro array_first(array) %}{{ return(adapter.dispatch('array_first')(array)) }}{% endmacro %}

{% macro duckdb__array_first(array) %}{{ array }}[1]{% endmacro %}

{% macro spark__array_first(array) %}get({{ array }}, 0){% endmacro %}

{% macro array_length(array) %}{{ return(adapter.dispatch('array_length')(array)) }}{% endmacro %}

{% macro duckdb__array_length(array) %}len({{ array }}){% endmacro %}

{% macro spark__array_length(array) %}array_size({{ array }}){% endmacro %}

{% macro array_sum(array, field) %}{{ return(adapter.dispatch('array_sum')(array, field)) }}{% endmacro %}

{% macro duckdb__array_sum(array, field) %}list_sum(list_transform({{ array }}, lambda x: x.{{ field }})){% endmacro %}

{% macro spark__array_sum(array, field) %}aggregate({{ array }}, cast(null as double), (s, x) -> coalesce(s + x.{{ field }}, s, x.{{ field }})){% endmacro %}

{# The value at the position of a key in a parallel array of keys; null where the key is absent, the first where it repeats.
   key is an SQL expression. #}
{% macro array_lookup(keys, values, key) %}{{ return(adapter.dispatch('array_lookup')(keys, values, key)) }}{% endmacro %}

{% macro duckdb__array_lookup(keys, values, key) %}{{ values }}[list_position({{ keys }}, {{ key }})]{% endmacro %}

{% macro spark__array_lookup(keys, values, key) %}element_at({{ values }}, cast(nullif(array_position({{ keys }}, {{ key }}), 0) as int)){% endmacro %}
