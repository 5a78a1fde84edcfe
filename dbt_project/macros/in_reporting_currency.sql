{# An amount in the reporting currency. At a rate of one the amount passes through unchanged, to the last digit: decimal times
   double would round it. #}
{% macro in_reporting_currency(amount, rate) -%}
case
    when {{ rate }} = 1 then cast({{ amount }} as decimal(18, 4))
    else cast(round(cast({{ amount }} as double) * {{ rate }}, 4) as decimal(18, 4))
end
{%- endmacro %}
