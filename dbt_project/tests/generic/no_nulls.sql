{# Fails with the columns that hold a null, and how many: one scan for all of them, where a not_null test each costs a query each. #}
{% test no_nulls(model, columns) %}
with counted as (
    select
        {% for column in columns -%}
        count(*) - count({{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ model }}
)

{% for column in columns -%}
select
    '{{ column }}' as column_name,
    {{ column }} as n_rows
from counted
where {{ column }} > 0
{{ 'union all' if not loop.last }}
{% endfor %}
{% endtest %}
