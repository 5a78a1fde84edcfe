-- One row per ticket, the last version, deleted ones left out, with its custom fields and tags opened.
with tickets as (
    {{ deduplicate('zendesk', 'tickets') }}
),

opened as (
    select
        *,
        {{ json_struct('custom_fields', {'id': 'bigint', 'value': 'varchar'}, is_array=true) }} as fields,
        {{ json_struct('metric_set', {
            'reopens': 'bigint', 'replies': 'bigint', 'assignee_stations': 'bigint', 'solved_at': 'varchar',
            'reply_time_in_minutes': {'calendar': 'double'},
            'first_resolution_time_in_minutes': {'calendar': 'double'}}) }} as metrics
    from tickets
    where status <> 'deleted'
),

field_ids as (
    select
        *,
        {{ array_field('fields', 'id') }} as field_ids,
        {{ array_field('fields', 'value') }} as field_values
    from opened
),

named as (
    select
        *,
        'zendesk:user:' || cast(requester_id as string) as node_id,
        nullif(trim({{ array_lookup('field_ids', 'field_values', 360001) }}), '') as order_name,
        nullif(trim({{ array_lookup('field_ids', 'field_values', 360002) }}), '') as product_line,
        coalesce(
            nullif(trim({{ array_lookup('field_ids', 'field_values', 360003) }}), ''),
            {{ regex_extract('tags', '"topic_([^"]+)"', 1) }}
        ) as topic,
        {{ regex_extract('tags', '"region_([^"]+)"', 1) }} as region_tag
    from field_ids
)

select * from named
