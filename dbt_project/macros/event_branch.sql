{# One kind of event as a CTE of the event log: each kind names only what it has, the rest is null. One list of columns keeps the
   kinds in step. values: {column: expression}. #}
{% macro event_branch(name, relation, values, where='') -%}
{%- set columns = {
    'event_key': 'varchar', 'system': 'varchar', 'node_id': 'varchar', 'event_at': 'timestamp', 'event_type': 'varchar',
    'own_channel': 'varchar', 'own_stage': 'varchar', 'device_ref': 'varchar', 'vendor_session_ref': 'varchar', 'order_id': 'varchar',
    'cart_ref': 'varchar', 'ticket_id': 'varchar', 'product_id': 'varchar', 'product_line': 'varchar', 'campaign_ref': 'varchar',
    'region': 'varchar', 'device_category': 'varchar', 'amount': 'decimal(18, 4)', 'currency': 'varchar', 'is_bot': 'boolean',
    '_loaded_at': 'timestamp',
} -%}
{%- for column in values if column not in columns -%}
    {{- exceptions.raise_compiler_error('event_branch ' ~ name ~ ': no column ' ~ column) -}}
{%- endfor -%}
{{ name }} as (
    select
    {%- for column, type in columns.items() %}
        {{ values.get(column, 'cast(null as ' ~ sql_type(type) ~ ')') }} as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ relation }}
    {%- if where %}
    where {{ where }}
    {%- endif %}
),
{%- endmacro %}
