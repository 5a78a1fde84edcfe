{# Pieces of agg_funnel_levels: events by what they count as, and the position of an event. #}
{# The events that count as something in a funnel, one row per match. columns: further columns of events, as SQL; rich_columns: those that
   only some funnels need (a value held constant, strict order), null for the others.
   Event types and stages are joined by equality, `any event` comes apart, so that no join compares all with all. Plain funnels come apart
   too: the log is read as narrow as each part allows, and not at all for a part no funnel belongs to. #}
{% macro funnel_matched(roles, columns, rich_columns={}) %}
{%- for kind, is_rich in [('event_type', false), ('stage', false), ('event_type', true), ('stage', true), ('any', true)] %}
    select
        rules.funnel_number,
        rules.role,
        rules.step_order,
        rules.until_step,
        rules.unit,
        rules.is_open,
        {{ epoch_us('events.event_at') }} as at_us,
        {%- for name, expression in rich_columns.items() %}
        {{ expression if is_rich else 'cast(null as string)' }} as {{ name }},
        {%- endfor %}
        {{ columns | join(',\n        ') }}
    {%- if kind == 'any' %}
    from rules
    cross join {{ ref('fct_events') }} as events
    {%- else %}
    from {{ ref('fct_events') }} as events
    inner join rules on events.{{ kind }} = rules.{{ kind }}
    {%- endif %}
    where
        events.customer_id is not null
        and not events.is_bot
        and not events.is_staff
        and events.event_at < rules.as_of
        and rules.role in ({{ "'" ~ roles | join("', '") ~ "'" }})
        and {{ 'rules.is_rich' if is_rich else 'not rules.is_rich' }}
        {%- if kind == 'any' %}
        and rules.event_type is null
        and rules.stage is null
        {%- endif %}
        {%- if is_rich %}
        {%- for column in ['channel', 'device_category', 'region', 'product_line', 'system'] %}
        and (rules.only_{{ column }} is null or rules.only_{{ column }} = events.{{ column }})
        {%- endfor %}
        and (rules.hold_constant is null or {{ funnel_held_value() }} is not null)
        {%- endif %}
    {{ 'union all' if not loop.last }}
{%- endfor %}
{% endmacro %}

{# The value a funnel holds constant, of an event; null where it holds none. #}
{% macro funnel_held_value() -%}
    case rules.hold_constant
        {%- for column in [
            'cart_ref', 'order_id', 'product_id', 'product_line', 'campaign_ref', 'device_ref', 'channel', 'region', 'device_category',
        ] %}
        when '{{ column }}' then events.{{ column }}
        {%- endfor %}
    end
{%- endmacro %}

{# Events in the order a funnel sees them, as one number: by time, then by step; an event that is no step (0) comes first at its moment.
   The lowest place is free, for what comes right behind an event of the same moment and step. #}
{% macro funnel_position(at_us, step_order) %}({{ at_us }} * 32 + {{ step_order }} * 2){% endmacro %}
