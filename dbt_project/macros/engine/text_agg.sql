{# The distinct values of a group in one text, sorted, so that the result does not depend on the order of rows. #}
{% macro text_agg(expression, separator=',') %}{{ return(adapter.dispatch('text_agg')(expression, separator)) }}{% endmacro %}

{% macro duckdb__text_agg(expression, separator) %}array_to_string(list_sort(list(distinct {{ expression }})), '{{ separator }}'){% endmacro %}

{% macro spark__text_agg(expression, separator) %}array_join(sort_array(collect_set({{ expression }})), '{{ separator }}'){% endmacro %}
