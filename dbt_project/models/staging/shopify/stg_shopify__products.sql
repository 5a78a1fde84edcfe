-- One row per variant with a SKU; of two products that carry the same SKU the one changed last.
with products as (
    {{ deduplicate('shopify', 'products') }}
),

product_lines as (
    select * from {{ ref('product_lines') }}
),

opened as (
    select
        *,
        {{ json_struct('variants', {
            'id': 'bigint', 'sku': 'varchar', 'title': 'varchar', 'price': 'decimal(18,4)',
            'inventory_item': {'cost': 'decimal(18,4)', 'currency': 'varchar'}}, is_array=true) }} as variants_opened
    from products
),

variants as (
    select
        opened.id,
        opened.title,
        opened.vendor,
        opened.product_type,
        opened.status,
        opened.updated_at,
        coalesce(opened.published_at, opened.created_at) as launched_at,
        variant.id as variant_id,
        variant.sku as sku,
        variant.title as variant_title,
        variant.price as price,
        variant.inventory_item.cost as cost,
        variant.inventory_item.currency as currency,
        row_number() over (partition by variant.sku order by opened.updated_at desc, opened.id desc, variant.id desc) as sku_rank
    from opened
    {{ unnest_array('variants_opened', 'variant') }}
    where variant.sku <> ''
),

skus as (
    select
        'shopify' as system,
        variants.sku as product_ref,
        cast(variants.variant_id as string) as source_product_ref,
        case
            when variants.variant_title is null or variants.variant_title in ('', 'Default Title') then variants.title
            else variants.title || ', ' || variants.variant_title
        end as name,
        variants.vendor as brand,
        variants.product_type as product_line,
        product_lines.division,
        variants.price as list_price_amount,
        variants.cost as unit_cost_amount,
        variants.currency,
        variants.launched_at,
        coalesce(variants.status, 'active') = 'active' as is_active
    from variants
    left join product_lines
        on product_lines.product_line = variants.product_type
    where variants.sku_rank = 1
)

select * from skus
