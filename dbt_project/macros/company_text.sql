{# A company name as firms are compared: folded, without punctuation and legal form. #}
{% macro company_text(expression) -%}
{%- set words = regex_replace_all("translate(" ~ fold_text(expression) ~ ", '.,-_', '    ')", ' +', ' ') -%}
nullif(trim({{ regex_replace_all(words, '( +(gmbh|ag|kg|co|ohg|ug|ltd|limited|plc|llc|inc|corp|sl|sa|sas|bv|se|&))+ *$') }}), '')
{%- endmacro %}
