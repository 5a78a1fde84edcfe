{# The last step of every identifiers model: one row per record, type and value from a CTE with the columns node_id, identifier_type,
   raw_value, country_code, observed_at. Empty values go, the earliest sight of a value stays. Values are left as recorded otherwise:
   normalising them is the identity layer's. #}
{% macro distinct_identifiers(system, found) -%}
    select
        node_id,
        '{{ system }}' as system,
        identifier_type,
        trim(raw_value) as raw_value,
        max(country_code) as country_code,
        min(observed_at) as observed_at
    from {{ found }}
    where trim(raw_value) <> ''
    group by node_id, identifier_type, trim(raw_value)
{%- endmacro %}
