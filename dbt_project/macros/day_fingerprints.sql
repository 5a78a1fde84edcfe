{# One row per day of a relation: its rows and a fingerprint of the named columns that does not depend on their order. Two days with
   the same fingerprint and count hold the same rows. #}
{% macro day_fingerprints(relation, day, columns) %}
    select
        {{ day }},
        count(*) as n_rows,
        bit_xor({{ hash64(columns) }}) as fingerprint
    from {{ relation }}
    group by 1
{%- endmacro %}
