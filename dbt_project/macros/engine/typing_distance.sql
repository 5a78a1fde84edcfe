{# Slips of the keyboard between two words: letters added, lost, changed, or two neighbours swapped. Spark has no function for the
   swap and counts it as two slips, so there a swapped name is taken for another one: a link too few, never one too many. #}
{% macro typing_distance(a, b) %}{{ return(adapter.dispatch('typing_distance')(a, b)) }}{% endmacro %}

{% macro duckdb__typing_distance(a, b) %}damerau_levenshtein({{ a }}, {{ b }}){% endmacro %}

{% macro spark__typing_distance(a, b) %}levenshtein({{ a }}, {{ b }}){% endmacro %}
