{# Opening hours of a support desk. A day's row (`dim_support_days`) says when it opens and closes in UTC and how many seconds were open
   on all days before; the seconds open up to a moment are then a sum of two numbers of one row, and the business time between two
   moments a difference. No row is needed for the days between, and changes of the clock are in the opening and closing moments. #}

{# '08:30' as minutes from midnight; '24:00' is the end of the day. #}
{% macro minutes_of_day(clock) -%}
(cast(substring({{ clock }}, 1, 2) as integer) * 60 + cast(substring({{ clock }}, 4, 2) as integer))
{%- endmacro %}

{# Seconds open from the first day of the calendar until a moment of the day. #}
{% macro open_seconds_until(moment, days) -%}
{{ days }}.open_seconds_before + case
    when {{ days }}.opens_at is null or {{ moment }} <= {{ days }}.opens_at then 0
    when {{ moment }} >= {{ days }}.closes_at then {{ days }}.open_seconds
    else {{ seconds_between(days ~ '.opens_at', moment) }}
end
{%- endmacro %}

{# Whether the desk is closed at a moment of the day: it is open from the opening moment on, and no longer at the closing one. #}
{% macro is_closed_at(moment, days) -%}
({{ days }}.opens_at is null or {{ moment }} < {{ days }}.opens_at or {{ moment }} >= {{ days }}.closes_at)
{%- endmacro %}
