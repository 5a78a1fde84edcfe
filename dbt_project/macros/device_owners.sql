{# Whose an event or session is that a device shows: joins of `bridge_device_owners`. An event with a login is that login's person's; of a
   device alone it is whose the device was at the time, and where nobody's, the device's own.

   A span without end gets a far one here: DuckDB answers a left join with an `or` among its conditions by comparing all with all. #}
{% macro device_owner_spans() -%}
    select
        device_ref,
        customer_id,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as timestamp)) as valid_to
    from {{ ref('bridge_device_owners') }}
{%- endmacro %}

{% macro owns_device_at(device_ref, at, owners='device_owners') -%}
            {{ device_ref }} = {{ owners }}.device_ref
            and {{ at }} >= {{ owners }}.valid_from
            and {{ at }} < {{ owners }}.valid_to
{%- endmacro %}

{% macro customer_or_device_owner(identity_map='identity_map', owners='device_owners') -%}
case
            when {{ identity_map }}.profile_kind = 'device' then coalesce({{ owners }}.customer_id, {{ identity_map }}.customer_id)
            else {{ identity_map }}.customer_id
        end
{%- endmacro %}
