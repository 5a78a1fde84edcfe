-- One row per web or app event. A view: the events stand once, in the incremental staging tables.
{{ config(materialized='view') }}

{{ union_entity('web_events', ['ga4', 'maven_fuzzy']) }}
