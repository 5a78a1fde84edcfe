{# Whether two folded parts of a name are one name as people write and mistype it: what is_same_given_name allows, or two letters
   swapped. There the letter e does not count: folding took it from ae, oe and ue, also where a swap had just made them (Jose, Jsoe).
   A part that only one of them shows contradicts nothing: true where either is null. #}
{% macro is_spelling_of(a, b) -%}
{%- set letters_a = sorted_letters("replace(" ~ a ~ ", 'e', '')") -%}
{%- set letters_b = sorted_letters("replace(" ~ b ~ ", 'e', '')") -%}
coalesce(
    {{ is_same_given_name(a, b) }}
    or ({{ letters_a }} = {{ letters_b }} and levenshtein({{ a }}, {{ b }}) <= 3),
    true
)
{%- endmacro %}
