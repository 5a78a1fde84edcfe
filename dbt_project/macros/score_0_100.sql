{# The mean of answers on one scale from 1 to `highest`, set on 0-100: 1 is 0, `highest` is 100. Null where an answer is missing. #}
{% macro score_0_100(answers, highest) -%}
cast(({{ answers | join(' + ') }} - {{ answers | length }}) / {{ answers | length * (highest - 1) }}.0e0 * 100 as double)
{%- endmacro %}
