-- One row per order, the last version, with buyer, addresses and lines opened.
with orders as (
    {{ deduplicate('shopify', 'orders') }}
),

opened as (
    select
        *,
        {{ json_text('customer', 'id') }} as customer_ref,
        {{ json_struct('billing_address', {
            'first_name': 'varchar', 'last_name': 'varchar', 'company': 'varchar', 'address1': 'varchar', 'city': 'varchar',
            'zip': 'varchar', 'country_code': 'varchar', 'phone': 'varchar'}) }} as billing,
        {{ json_struct('shipping_address', {
            'first_name': 'varchar', 'last_name': 'varchar', 'company': 'varchar', 'address1': 'varchar', 'city': 'varchar',
            'zip': 'varchar', 'country_code': 'varchar', 'phone': 'varchar'}) }} as shipping,
        {{ json_struct('line_items', {
            'id': 'bigint', 'sku': 'varchar', 'quantity': 'bigint', 'price': 'decimal(18,4)',
            'total_discount': 'decimal(18,4)'}, is_array=true) }} as lines
    from orders
),

placed as (
    select
        *,
        case
            when customer_ref is not null then 'shopify:customer:' || customer_ref
            else 'shopify:order:' || cast(id as string)
        end as node_id,
        coalesce(billing.country_code, shipping.country_code) as buyer_country_code,
        case source_name
            when 'web' then 'web'
            when 'mobile_app' then 'app'
            when 'shopify_draft_order' then 'phone'
            else source_name
        end as channel
    from opened
)

select * from placed
