{# Makes a model incremental by day: a run rebuilds the days that got new rows and leaves the others alone.
   DuckDB deletes the touched days and inserts them; Spark overwrites their partitions. Rows that vanish from raw (an erasure)
   touch no day: run with --full-refresh then. #}
{% macro incremental_by_day(day_column) %}{{ return(adapter.dispatch('incremental_by_day')(day_column)) }}{% endmacro %}

{% macro duckdb__incremental_by_day(day_column) %}
    {{ return(config(materialized='incremental', incremental_strategy='delete+insert', unique_key=day_column, on_schema_change='fail')) }}
{% endmacro %}

{% macro spark__incremental_by_day(day_column) %}
    {{ return(config(materialized='incremental', incremental_strategy='insert_overwrite', partition_by=[day_column], on_schema_change='fail')) }}
{% endmacro %}
