{# In an incremental run the condition that a row falls on a touched day, else none: a day is touched when any of its rows was loaded
   after everything the model holds. day is an expression over the relation's columns. Rows of a touched day are all rebuilt, whenever
   they were loaded, so that the result does not depend on the order of arrival. #}
{% macro touched_days(relation, day) -%}
    {%- if is_incremental() -%}
        {{ day }} in (
            select {{ day }}
            from {{ relation }}
            where _loaded_at > (select coalesce(max(_loaded_at), cast('1900-01-01' as timestamp)) from {{ this }})
        )
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}
