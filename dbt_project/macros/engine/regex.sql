{# Regular expressions (RE2 on DuckDB, Java on Spark: write only what both read the same; no backslash classes but \d \s \w).
   regex_replace_all replaces every match (DuckDB alone replaces the first), regex_extract gives a group or null. #}
{% macro regex_replace_all(text, pattern, replacement='') %}{{ return(adapter.dispatch('regex_replace_all')(text, pattern, replacement)) }}{% endmacro %}

{% macro duckdb__regex_replace_all(text, pattern, replacement) %}regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g'){% endmacro %}

{% macro spark__regex_replace_all(text, pattern, replacement) %}regexp_replace({{ text }}, r'{{ pattern }}', '{{ replacement }}'){% endmacro %}

{% macro regex_extract(text, pattern, group=0) %}{{ return(adapter.dispatch('regex_extract')(text, pattern, group)) }}{% endmacro %}

{% macro duckdb__regex_extract(text, pattern, group) %}nullif(regexp_extract({{ text }}, '{{ pattern }}', {{ group }}), ''){% endmacro %}

{% macro spark__regex_extract(text, pattern, group) %}nullif(regexp_extract({{ text }}, r'{{ pattern }}', {{ group }}), ''){% endmacro %}

{% macro regex_matches(text, pattern) %}{{ return(adapter.dispatch('regex_matches')(text, pattern)) }}{% endmacro %}

{% macro duckdb__regex_matches(text, pattern) %}regexp_matches({{ text }}, '{{ pattern }}'){% endmacro %}

{% macro spark__regex_matches(text, pattern) %}({{ text }} rlike r'{{ pattern }}'){% endmacro %}
