{# Yearly income in dollars as a band; a bound belongs to the band above it. #}
{% macro adventureworks_income_band(expression) -%}
case
            when {{ expression }} < 20000 then 'under 20k'
            when {{ expression }} < 40000 then '20k-40k'
            when {{ expression }} < 60000 then '40k-60k'
            when {{ expression }} < 90000 then '60k-90k'
            when {{ expression }} < 130000 then '90k-130k'
            when {{ expression }} >= 130000 then 'over 130k'
        end
{%- endmacro %}
