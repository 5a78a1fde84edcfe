{# Whether two folded given names may be one: equal, an initial of the other, or a slip of the keyboard (one letter in names
   of four letters or more, two in names of seven or more). Null where either is null. #}
{% macro is_same_given_name(a, b) -%}
(
    {{ a }} = {{ b }}
    or (length({{ a }}) = 1 and {{ b }} like {{ a }} || '%')
    or (length({{ b }}) = 1 and {{ a }} like {{ b }} || '%')
    or (least(length({{ a }}), length({{ b }})) >= 4 and {{ typing_distance(a, b) }} <= 1)
    or (least(length({{ a }}), length({{ b }})) >= 7 and {{ typing_distance(a, b) }} <= 2)
)
{%- endmacro %}
