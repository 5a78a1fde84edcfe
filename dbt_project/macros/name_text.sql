{# A name as people compare it: folded, without title and punctuation, umlauts and their spellings alike (Müller, Mueller).
   A comma stays: what stands before it is the family name. #}
{% macro name_text(expression) -%}
{%- set letters = "replace(replace(replace(replace(translate(" ~ fold_text(expression) ~ ", '.-_''’`', '      '), 'ß', 'ss'), 'ae', 'a'), 'oe', 'o'), 'ue', 'u')" -%}
nullif(trim({{ without_title(regex_replace_all(letters, ' +', ' ')) }}), '')
{%- endmacro %}

{# A folded name without the titles in front of it. #}
{% macro without_title(expression) -%}
{{ regex_replace_all(expression, '^ *((mr|mrs|ms|miss|sir|dr|prof|herr|frau|sr|sra|srta|ing|dipl) +)+') }}
{%- endmacro %}
