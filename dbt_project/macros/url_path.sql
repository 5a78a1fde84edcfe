{# The path of a page address, without scheme, host, query and fragment; '/' for a bare host, null for null. #}
{% macro url_path(url) -%}
    coalesce({{ regex_extract(url, '^(?:[^/?#]*//[^/?#]*)?(/[^?#]*)', 1) }}, case when {{ url }} is not null then '/' end)
{%- endmacro %}
