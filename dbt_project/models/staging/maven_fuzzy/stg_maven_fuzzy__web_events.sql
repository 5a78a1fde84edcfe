-- One row per visit that began and per page shown. The site logs pages, not actions, so a page stands for what brings it up:
-- /cart something was put into the cart, /shipping the checkout began, /billing delivery was chosen, thank-you the order's confirmation.
with website_sessions as (
    {{ deduplicate('maven_fuzzy', 'website_sessions', with_landings=true) }}
),

website_pageviews as (
    {{ deduplicate('maven_fuzzy', 'website_pageviews', with_landings=true) }}
),

orders as (
    {{ deduplicate('maven_fuzzy', 'orders') }}
),

products as (
    select * from {{ ref('base_maven_fuzzy__products') }}
),

pages as (
    select
        website_pageviews.*,
        products.product_ref,
        products.price_usd,
        -- What goes into the cart is what was looked at last.
        max(case when products.product_ref is not null then website_pageviews.website_pageview_id end) over (
            partition by website_pageviews.website_session_id
            order by website_pageviews.created_at, website_pageviews.website_pageview_id
            rows between unbounded preceding and current row
        ) as product_pageview_id
    from website_pageviews
    left join products on website_pageviews.pageview_url = products.page_path
),

happened as (
    select
        'session:' || cast(website_session_id as string) as vendor_key,
        website_session_id,
        created_at,
        'session_start' as event_name,
        cast(null as string) as page_path,
        cast(null as string) as page_type,
        cast(null as bigint) as product_pageview_id,
        _loaded_at,
        _first_loaded_at,
        _n_landings
    from website_sessions
    union all
    select
        'pageview:' || cast(website_pageview_id as string) as vendor_key,
        website_session_id,
        created_at,
        case
            when pageview_url = '/products' then 'view_item_list'
            when product_ref is not null then 'view_item'
            when pageview_url = '/cart' then 'add_to_cart'
            when pageview_url = '/shipping' then 'begin_checkout'
            when pageview_url like '/billing%' then 'add_shipping_info'
            when pageview_url = '/thank-you-for-your-order' then 'purchase'
            else 'page_view'
        end as event_name,
        pageview_url as page_path,
        case
            when pageview_url = '/products' then 'list'
            when product_ref is not null then 'product'
            when pageview_url = '/cart' then 'cart'
            when pageview_url = '/shipping' or pageview_url like '/billing%' or pageview_url like '/thank-you%' then 'checkout'
            else 'home'
        end as page_type,
        case when product_ref is not null or pageview_url = '/cart' then product_pageview_id end as product_pageview_id,
        _loaded_at,
        _first_loaded_at,
        _n_landings
    from pages
),

final as (
    select
        'maven_fuzzy' as system,
        md5(happened.vendor_key) as event_ref,
        'maven_fuzzy:customer:' || cast(website_sessions.user_id as string) as node_id,
        cast(website_sessions.user_id as string) as device_ref,
        happened.created_at as event_at,
        cast(happened.created_at as date) as event_date,
        happened.event_name,
        'WEB' as platform,
        website_sessions.device_type as device_category,
        -- The export marks paid clicks; a referring site without a mark is a search engine's own result.
        coalesce(
            website_sessions.utm_source, nullif(split_part(website_sessions.http_referer, '.', 2), ''), '(direct)'
        ) as source,
        case
            when website_sessions.utm_source is not null then 'cpc'
            when website_sessions.http_referer is not null then 'organic'
            else '(none)'
        end as medium,
        website_sessions.utm_campaign as campaign,
        cast(happened.website_session_id as string) as vendor_session_ref,
        happened.page_path,
        happened.page_type,
        seen.product_ref,
        case when seen.product_ref is not null then 'Plush toys' end as product_line,
        case when happened.event_name = 'add_to_cart' then cast(1 as bigint) end as quantity,
        case when happened.event_name = 'add_to_cart' then seen.price_usd end as value_amount,
        case when happened.event_name = 'add_to_cart' then 'USD' end as currency,
        case when happened.event_name = 'purchase' then cast(orders.order_id as string) end as order_name,
        false as is_bot,
        happened._loaded_at,
        happened._first_loaded_at,
        cast(happened._n_landings as bigint) as _n_landings
    from happened
    inner join website_sessions on happened.website_session_id = website_sessions.website_session_id
    left join pages as seen on happened.product_pageview_id = seen.website_pageview_id
    left join orders on happened.website_session_id = orders.website_session_id
)

select * from final
