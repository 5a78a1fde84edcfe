{# Lower case without accents, for comparing names. #}
{% macro fold_text(expression) %}{{ return(adapter.dispatch('fold_text')(expression)) }}{% endmacro %}

{% macro duckdb__fold_text(expression) %}lower(strip_accents(trim({{ expression }}))){% endmacro %}

{# Spark has no unaccenting function: the letters of the languages in use are translated. #}
{% macro spark__fold_text(expression) -%}
translate(lower(trim({{ expression }})), 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿ', 'aaaaaaceeeeiiiinooooouuuuyy')
{%- endmacro %}
