{# Fails with each key whose rows do not have exactly one survivor: ranks are 1, 2, 3 … without gap or repeat. #}
{% test one_survivor_per(model, key, rank='survivor_rank') %}
select {{ key | join(', ') }}
from {{ model }}
group by {{ key | join(', ') }}
having
    min({{ rank }}) <> 1
    or max({{ rank }}) <> count(*)
    or count(distinct {{ rank }}) <> count(*)
{% endtest %}
