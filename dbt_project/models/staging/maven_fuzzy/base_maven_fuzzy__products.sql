-- One row per product, under both of its names: the number of the orders and the path of its page.
with order_items as (
    {{ deduplicate('maven_fuzzy', 'order_items') }}
),

-- The export has no table of products. The paths are the site's; of the two new to no order yet seen, none is guessed.
pages as (
    select
        1 as product_id,
        'the-original-mr-fuzzy' as slug
    union all
    select
        2 as product_id,
        'the-forever-love-bear' as slug
    union all
    select
        3 as product_id,
        'the-birthday-sugar-panda' as slug
    union all
    select
        4 as product_id,
        'the-hudson-river-mini-bear' as slug
),

sold as (
    select
        product_id,
        max_by(price_usd, order_item_id) as price_usd,
        max_by(cogs_usd, order_item_id) as cogs_usd,
        min(created_at) as first_sold_at
    from order_items
    group by product_id
),

final as (
    select
        cast(sold.product_id as string) as product_ref,
        coalesce(pages.slug, 'product ' || cast(sold.product_id as string)) as name,
        '/' || pages.slug as page_path,
        sold.price_usd,
        sold.cogs_usd,
        sold.first_sold_at
    from sold
    left join pages on sold.product_id = pages.product_id
)

select * from final
