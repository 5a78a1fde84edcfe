{# Pieces of the funnel models: events by what they count as, whose they are, and the position of an event. #}
{# The events that count as something in a funnel, one row per match: its rule's funnel_number, role, step_order, until_step, unit_number,
   at_us, held_value and event_id (each null where no such funnel needs it). A person goes by its own number; which cart or session of its
   key an event belongs to is looked up by the time.
   columns: of the event, where a person did it; only: a condition on definitions, for models that serve some funnels. #}
{% macro funnel_events(roles, columns=[], only='true') %}
{%- set own_columns = ['funnel_number', 'role', 'step_order', 'until_step', 'at_us', 'held_value', 'event_id'] %}
    select
        {%- for column in own_columns + columns %}
        matched.{{ column }},
        {%- endfor %}
        {{ key_number(['matched.unit_key']) }} as unit_number
    from (
        {{- funnel_matched(roles, "definitions.unit = 'customer' and " ~ only, 'events.customer_id', columns) }}
    ) as matched
    union all
    select
        {%- for column in own_columns %}
        matched.{{ column }},
        {%- endfor %}
        {%- for column in columns %}
        cast(null as string) as {{ column }},
        {%- endfor %}
        units.unit_number
    from (
        {{- funnel_matched(
            roles,
            "definitions.unit <> 'customer' and " ~ only,
            "case rules.unit when 'session' then events.device_ref else coalesce(events.cart_ref, events.customer_id) end"
        ) }}
    ) as matched
    inner join {{ ref('funnel_units') }} as units
        on
            matched.unit = units.unit
            and matched.unit_key = units.unit_key
            and matched.at_us >= units.started_us
            and matched.at_us <= units.until_us
{% endmacro %}

{# Event types and stages are joined by equality, `any event` comes apart, so that no join compares all with all. Plain funnels come apart
   too: the log is read as narrow as each part allows, and not at all for a part no funnel belongs to. #}
{% macro funnel_matched(roles, only, unit_key, columns=[]) %}
{%- for kind, is_rich in [('event_type', false), ('stage', false), ('event_type', true), ('stage', true), ('any', true)] %}
        select
            rules.funnel_number,
            rules.role,
            rules.step_order,
            rules.until_step,
            rules.unit,
            {{ epoch_us('events.event_at') }} as at_us,
            {%- if is_rich %}
            {{ funnel_held_value() }} as held_value,
            case when rules.is_strict_order then events.event_id end as event_id,
            {%- else %}
            cast(null as string) as held_value,
            cast(null as string) as event_id,
            {%- endif %}
            {{ unit_key }} as unit_key
            {%- for column in columns %},
            events.{{ column }}
            {%- endfor %}
        from {{ ref('fct_events') }} as events
        {%- if kind == 'any' %}
        cross join (
        {%- else %}
        inner join (
        {%- endif %}
            select
                matches.*,
                definitions.unit,
                definitions.is_strict_order,
                definitions.hold_constant,
                run_settings.as_of
            from {{ source('run', 'funnel_matches') }} as matches
            inner join {{ ref('dim_funnel_steps') }} as definitions on matches.funnel_number = definitions.funnel_number
            cross join {{ source('run', 'run_settings') }} as run_settings
            where
                definitions.step_order = 1
                and {{ only }}
                and matches.role in ({{ "'" ~ roles | join("', '") ~ "'" }})
                and {{ 'not' if not is_rich }} (
                    definitions.is_strict_order
                    or definitions.hold_constant is not null
                    or coalesce(
                        matches.only_channel,
                        matches.only_device_category,
                        matches.only_region,
                        matches.only_product_line,
                        matches.only_system
                    ) is not null
                )
                {%- if kind == 'any' %}
                and matches.event_type is null
                and matches.stage is null
                {%- endif %}
        ) as rules
        {%- if kind != 'any' %}
            on events.{{ kind }} = rules.{{ kind }}
        {%- endif %}
        where
            events.customer_id is not null
            and not events.is_bot
            and not events.is_staff
            and events.event_at < rules.as_of
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
