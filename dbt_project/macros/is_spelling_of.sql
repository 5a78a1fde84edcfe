{# Whether two folded parts of a name are one name as people write and mistype it: what is_same_given_name allows, or two letters
   swapped. A part that only one of them shows contradicts nothing: true where either is null. #}
{% macro is_spelling_of(a, b) -%}
coalesce(
    {{ is_same_given_name(a, b) }}
    or ({{ sorted_letters(a) }} = {{ sorted_letters(b) }} and levenshtein({{ a }}, {{ b }}) = 2),
    true
)
{%- endmacro %}
