{# Time: microseconds since the epoch, exact differences, wall-clock time of a zone, day of the week.
   Timestamps are UTC without a zone; a zone is an IANA name given as an SQL expression, so that it may come from a column. #}
{% macro epoch_us(timestamp) %}{{ return(adapter.dispatch('epoch_us')(timestamp)) }}{% endmacro %}

{% macro duckdb__epoch_us(timestamp) %}epoch_us({{ timestamp }}){% endmacro %}

{% macro spark__epoch_us(timestamp) %}unix_micros({{ timestamp }}){% endmacro %}

{% macro timestamp_from_epoch_us(microseconds) %}{{ return(adapter.dispatch('timestamp_from_epoch_us')(microseconds)) }}{% endmacro %}

{% macro duckdb__timestamp_from_epoch_us(microseconds) %}make_timestamp({{ microseconds }}){% endmacro %}

{% macro spark__timestamp_from_epoch_us(microseconds) %}timestamp_micros({{ microseconds }}){% endmacro %}

{# Seconds from one timestamp to another, with their fraction; negative where the second is earlier. #}
{% macro seconds_between(earlier, later) %}
    {{- "((" ~ epoch_us(later) ~ " - " ~ epoch_us(earlier) ~ ") / 1000000.0)" -}}
{% endmacro %}

{% macro utc_to_zone(timestamp, zone) %}{{ return(adapter.dispatch('utc_to_zone')(timestamp, zone)) }}{% endmacro %}

{% macro duckdb__utc_to_zone(timestamp, zone) %}timezone({{ zone }}, timezone('UTC', {{ timestamp }})){% endmacro %}

{% macro spark__utc_to_zone(timestamp, zone) %}from_utc_timestamp({{ timestamp }}, {{ zone }}){% endmacro %}

{% macro zone_to_utc(timestamp, zone) %}{{ return(adapter.dispatch('zone_to_utc')(timestamp, zone)) }}{% endmacro %}

{% macro duckdb__zone_to_utc(timestamp, zone) %}timezone('UTC', timezone({{ zone }}, {{ timestamp }})){% endmacro %}

{% macro spark__zone_to_utc(timestamp, zone) %}to_utc_timestamp({{ timestamp }}, {{ zone }}){% endmacro %}

{# The date a moment falls on in a zone: what every `_date` of the marts is. #}
{% macro date_in_zone(timestamp, zone) %}
    {{- "cast(" ~ utc_to_zone(timestamp, zone) ~ " as date)" -}}
{% endmacro %}

{# 1 = Monday … 7 = Sunday. #}
{% macro iso_day_of_week(date) %}{{ return(adapter.dispatch('iso_day_of_week')(date)) }}{% endmacro %}

{% macro duckdb__iso_day_of_week(date) %}isodow({{ date }}){% endmacro %}

{% macro spark__iso_day_of_week(date) %}(weekday({{ date }}) + 1){% endmacro %}
