{# An order number as people write it, comparable: "#10234", " 10234" and "10234" are one. #}
{% macro order_name_key(expression) %}nullif(trim(leading '#' from upper(trim({{ expression }}))), ''){% endmacro %}

{# One row per order number that exactly one order bears: order_key, order_id, node_id. A number two systems use names nothing. #}
{% macro order_names() -%}
select
    {{ order_name_key('order_name') }} as order_key,
    min(system || ':' || order_ref) as order_id,
    min(node_id) as node_id,
    min(ordered_at) as ordered_at
from {{ ref('int_orders') }}
where {{ order_name_key('order_name') }} is not null
group by 1
having count(*) = 1
{%- endmacro %}
