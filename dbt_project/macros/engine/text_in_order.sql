{# The values of a group in one text, in the order of another column, which must differ from row to row. #}
{% macro text_in_order(expression, order, separator=',') %}{{ return(adapter.dispatch('text_in_order')(expression, order, separator)) }}{% endmacro %}

{% macro duckdb__text_in_order(expression, order, separator) %}string_agg({{ expression }}, '{{ separator }}' order by {{ order }}){% endmacro %}

{% macro spark__text_in_order(expression, order, separator) %}array_join(transform(array_sort(collect_list(struct({{ order }} as place, {{ expression }} as word))), spot -> spot.word), '{{ separator }}'){% endmacro %}
