-- One row per exported event, repeated rows removed. Incremental by day: the entity int_web_events is a view of this table.
{{ incremental_by_day('event_date') }}

with events as (
    {{ deduplicate('ga4', 'events', where=touched_days(source('ga4', 'events'), 'cast(event_timestamp as date)'), with_landings=true) }}
),

regions as (
    select * from {{ ref('regions') }}
),

opened as (
    select
        *,
        {{ event_parameter_arrays('event_params') }},
        {{ array_first('items') }} as first_item
    from events
),

named as (
    select
        'ga4' as system,
        md5(concat_ws(
            '|',
            user_pseudo_id,
            cast({{ epoch_us('event_timestamp') }} as string),
            event_name,
            coalesce(cast(event_bundle_sequence_id as string), ''),
            coalesce(cast(batch_event_index as string), '')
        )) as event_ref,
        case
            when user_id <> '' then 'ga4:login:' || user_id
            else 'ga4:device:' || user_pseudo_id
        end as node_id,
        user_pseudo_id as device_ref,
        nullif(user_id, '') as login_ref,
        event_timestamp as event_at,
        cast(event_timestamp as date) as event_date,
        event_name,
        platform,
        device.category as device_category,
        device.browser as browser,
        geo.country as country_code,
        collected_traffic_source.manual_source as source,
        collected_traffic_source.manual_medium as medium,
        collected_traffic_source.manual_campaign_name as campaign,
        user_pseudo_id || '.' || cast({{ event_parameter('ga_session_id', 'integer') }} as string) as vendor_session_ref,
        {{ event_parameter('page_location') }} as page_location,
        {{ event_parameter('page_type') }} as page_type,
        first_item.item_id as product_ref,
        first_item.item_category as product_line,
        cast({{ array_length('items') }} as bigint) as n_items,
        coalesce(ecommerce.total_item_quantity, cast({{ array_sum('items', 'quantity') }} as bigint)) as quantity,
        cast(coalesce({{ event_parameter('value', 'number') }}, ecommerce.purchase_revenue) as decimal(18, 4)) as value_amount,
        {{ event_parameter('currency') }} as currency,
        cast(coalesce({{ event_parameter('shipping', 'number') }}, ecommerce.shipping_value) as decimal(18, 4)) as shipping_amount,
        {{ event_parameter('shipping_tier') }} as shipping_tier,
        {{ event_parameter('delivery_days', 'integer') }} as delivery_days,
        {{ event_parameter('payment_type') }} as payment_type,
        coalesce({{ event_parameter('coupon') }}, first_item.coupon) as coupon,
        {{ event_parameter('search_term') }} as search_term,
        {{ event_parameter('results', 'integer') }} as n_results,
        {{ event_parameter('error_message') }} as error_message,
        {{ event_parameter('field_name') }} as field_name,
        {{ event_parameter('load_time_ms', 'integer') }} as load_time_ms,
        {{ event_parameter('engagement_time_msec', 'integer') }} as engagement_ms,
        {{ event_parameter('login_required', 'integer') }} = 1 as is_login_required,
        {{ event_parameter('cart_token') }} as cart_ref,
        nullif(ecommerce.transaction_id, '(not set)') as order_name,
        coalesce(
            lower(device.browser) like '%bot%' or lower(device.browser) like '%crawler%' or lower(device.browser) like '%spider%',
            false
        ) as is_bot,
        _loaded_at,
        _first_loaded_at,
        cast(_n_landings as bigint) as _n_landings
    from opened
),

web_events as (
    select
        named.system,
        named.event_ref,
        named.node_id,
        named.device_ref,
        named.login_ref,
        named.event_at,
        named.event_date,
        named.event_name,
        named.platform,
        named.device_category,
        named.browser,
        named.country_code,
        regions.region,
        named.source,
        named.medium,
        named.campaign,
        named.vendor_session_ref,
        {{ url_path('named.page_location') }} as page_path,
        named.page_type,
        named.product_ref,
        named.product_line,
        named.n_items,
        named.quantity,
        named.value_amount,
        named.currency,
        named.shipping_amount,
        named.shipping_tier,
        named.delivery_days,
        named.payment_type,
        named.coupon,
        named.search_term,
        named.n_results,
        named.error_message,
        named.field_name,
        named.load_time_ms,
        named.engagement_ms,
        named.is_login_required,
        named.cart_ref,
        named.order_name,
        named.is_bot,
        named._loaded_at,
        named._first_loaded_at,
        named._n_landings
    from named
    left join regions
        on regions.system = 'ga4' and regions.source_value = lower(named.country_code)
)

select * from web_events
