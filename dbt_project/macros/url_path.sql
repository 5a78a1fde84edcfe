{# The path of a page address, without scheme, host, query and fragment; '/' for a bare host. Text functions only: a regular expression
   per row costs four times as much. #}
{% macro url_path(url) -%}
    {%- set rest = "substr(" ~ url ~ ", instr(" ~ url ~ ", '://') + 3)" -%}
    case
        when instr({{ url }}, '://') > 0 and instr({{ rest }}, '/') > 0
            then split_part(split_part(substr({{ rest }}, instr({{ rest }}, '/')), '?', 1), '#', 1)
        when instr({{ url }}, '://') > 0 then '/'
        else split_part(split_part({{ url }}, '?', 1), '#', 1)
    end
{%- endmacro %}
