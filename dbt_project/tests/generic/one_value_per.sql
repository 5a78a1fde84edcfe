{# Fails with each key under which one of the columns holds more than one value; null counts as a value. #}
{% test one_value_per(model, key, columns) %}
select {{ key | join(', ') }}
from {{ model }}
group by {{ key | join(', ') }}
having
    {% for column in columns -%}
    count(distinct {{ column }}) + max(case when {{ column }} is null then 1 else 0 end) > 1
    {%- if not loop.last %}
    or {% endif %}
    {%- endfor %}
{% endtest %}
