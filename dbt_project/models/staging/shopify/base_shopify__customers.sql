-- One row per customer account, the last version, with the nested objects opened.
with customers as (
    {{ deduplicate('shopify', 'customers') }}
),

opened as (
    select
        *,
        'shopify:customer:' || cast(id as string) as node_id,
        {{ json_struct('default_address', {
            'first_name': 'varchar', 'last_name': 'varchar', 'company': 'varchar', 'address1': 'varchar', 'city': 'varchar',
            'zip': 'varchar', 'country_code': 'varchar', 'phone': 'varchar'}) }} as address,
        {{ json_struct('metafields', {'namespace': 'varchar', 'key': 'varchar', 'value': 'varchar'}, is_array=true) }} as fields
    from customers
)

select * from opened
