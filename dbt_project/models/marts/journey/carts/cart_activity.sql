-- One row per web or app event of a cart: the cart's own steps and whatever else happened with its token. A token is one cart on
-- whichever device it is opened; without a token the cart is the person's, on all their devices.
with web_events as (
    select
        event_ref,
        node_id,
        device_ref,
        event_at,
        event_name,
        platform,
        device_category,
        region,
        vendor_session_ref,
        product_ref,
        product_line,
        quantity,
        value_amount,
        currency,
        shipping_amount,
        delivery_days,
        is_login_required,
        cart_ref
    from {{ ref('int_web_events') }}
    where
        not is_bot
        and (
            event_name in (
                'add_to_cart', 'remove_from_cart', 'view_cart', 'begin_checkout', 'add_shipping_info', 'add_payment_info'
            )
            or (cart_ref is not null and event_name <> 'purchase')
        )
),

identity_map as (
    select
        node_id,
        profile_kind,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
    where not is_staff
),

device_owners as (
    {{ device_owner_spans() }}
),

products as (
    select
        product_id,
        product_line,
        list_price_amount,
        currency
    from {{ ref('dim_products') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
)

select
    case when web_events.cart_ref is not null then 't:' || web_events.cart_ref else 'c:' || {{ customer_or_device_owner() }} end
        as unit_key,
    web_events.event_ref,
    web_events.event_at,
    web_events.event_name,
    {{ customer_or_device_owner() }} as customer_id,
    identity_map.profile_kind = 'login' as is_login,
    web_events.cart_ref,
    web_events.device_ref,
    coalesce(web_events.vendor_session_ref, web_events.device_ref) as session_ref,
    case when web_events.platform in ('ANDROID', 'IOS') then 'app' else 'web' end as channel,
    web_events.device_category,
    web_events.region,
    web_events.product_ref as product_id,
    coalesce(web_events.product_line, products.product_line) as product_line,
    coalesce(web_events.quantity, 1) as quantity,
    web_events.value_amount,
    coalesce(web_events.currency, case when web_events.value_amount is null then products.currency end) as currency,
    cast(
        coalesce(web_events.value_amount, products.list_price_amount * coalesce(web_events.quantity, 1)) as decimal(18, 4)
    ) as line_amount,
    web_events.shipping_amount,
    web_events.delivery_days,
    coalesce(web_events.is_login_required, false) as is_login_required
from web_events
inner join identity_map on web_events.node_id = identity_map.node_id
cross join run_settings
left join device_owners
    on
        {{ owns_device_at('web_events.device_ref', 'web_events.event_at') }}
left join products on web_events.product_ref = products.product_id
where web_events.event_at < run_settings.as_of
