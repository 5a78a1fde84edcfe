{# The order in which records compete to give a person a group of fields; the first survives. Trust in the kind of record for this
   group of fields (seed survivorship_priorities), then what the system has verified, then the newest change, then the fullest record,
   then the node id, so that a tie always falls the same way. A kind that stands in no row of the seed comes last. #}
{% macro survivorship_order(priority, updated_at, is_verified='false', n_parts='1', node_id='node_id') -%}
                {{ priority }} asc nulls last,
                case when {{ is_verified }} then 0 else 1 end,
                {{ updated_at }} desc nulls last,
                {{ n_parts }} desc,
                {{ node_id }}
{%- endmacro %}
