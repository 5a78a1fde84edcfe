-- One row per record that names an order of which another record is the buyer: a guest's review, survey answer or ticket, or
-- the device that was shown the order's confirmation.
with identifiers as (
    select * from {{ ref('int_identity__identifiers') }}
),

web_events as (
    select
        node_id,
        event_at,
        order_name
    from {{ ref('int_web_events') }}
    where
        order_name is not null
        and not is_bot
),

orders as (
    {{ order_names() }}
),

shared_devices as (
    select distinct node_id
    from {{ ref('int_identity__groups') }}
    where skip_reason = 'shared_device'
),

profiles as (
    select
        node_id,
        profile_kind,
        lower(trim(email)) as email,
        translate({{ fold_text("coalesce(nullif(trim(first_name), ''), full_name)") }}, '.-', '  ') as name_text
    from {{ ref('int_profiles') }}
),

named_orders as (
    select
        node_id,
        identifier_value,
        observed_at
    from identifiers
    where identifier_type = 'order_name'
    union all
    select
        node_id,
        {{ order_name_key('order_name') }} as identifier_value,
        min(event_at) as observed_at
    from web_events
    group by 1, 2
),

-- Given names of those whose account or card was seen on a device.
device_users as (
    select distinct
        on_device.identifier_value as device_ref,
        split_part(trim(owners.name_text), ' ', 1) as user_name
    from identifiers as on_device
    inner join identifiers as seen_key
        on
            on_device.node_id = seen_key.node_id
            and seen_key.identifier_type in ('shop_customer', 'loyalty_card')
    inner join identifiers as owned_key
        on
            seen_key.identifier_type = owned_key.identifier_type
            and seen_key.identifier_value = owned_key.identifier_value
    inner join profiles as owners on owned_key.node_id = owners.node_id
    where
        on_device.identifier_type = 'device'
        and trim(owners.name_text) <> ''
),

claims as (
    select
        named_orders.node_id,
        orders.node_id as buyer_node_id,
        named_orders.identifier_value,
        named_orders.observed_at,
        claimant.profile_kind = 'device' as is_device,
        coalesce(buyer.email, orders.node_id) as buyer_key,
        split_part(trim(claimant.name_text), ' ', 1) as claimant_name,
        split_part(trim(buyer.name_text), ' ', 1) as buyer_name
    from named_orders
    inner join orders on named_orders.identifier_value = orders.order_key
    inner join profiles as claimant on named_orders.node_id = claimant.node_id
    inner join profiles as buyer on orders.node_id = buyer.node_id
    where named_orders.node_id <> orders.node_id
),

-- Whether a device with known users was used by the buyer; on a household's device others see the confirmation too.
used_by_buyer as (
    select
        claims.node_id,
        claims.buyer_node_id,
        claims.identifier_value,
        max(case when {{ is_same_given_name('device_users.user_name', 'claims.buyer_name') }} then 1 else 0 end) as is_buyers
    from claims
    inner join identifiers
        on
            claims.node_id = identifiers.node_id
            and identifiers.identifier_type = 'device'
    inner join device_users on identifiers.identifier_value = device_users.device_ref
    where
        claims.is_device
        and claims.buyer_name <> ''
    group by 1, 2, 3
),

sizes as (
    select
        *,
        count(*) over (partition by identifier_value) as n_nodes,
        case when is_device then min(buyer_key) over (partition by node_id) end as first_buyer_key,
        case when is_device then max(buyer_key) over (partition by node_id) end as last_buyer_key
    from claims
),

judged as (
    select
        sizes.node_id,
        sizes.buyer_node_id,
        sizes.identifier_value,
        sizes.observed_at,
        sizes.n_nodes,
        case
            when sizes.is_device and shared_devices.node_id is not null then 'shared_device'
            when sizes.first_buyer_key <> sizes.last_buyer_key then 'shared_device'
            when sizes.n_nodes > {{ var('identity_max_claims_per_order') }} then 'too_many_claims'
            when used_by_buyer.is_buyers = 0 then 'other_name'
            when not coalesce({{ is_same_given_name('sizes.claimant_name', 'sizes.buyer_name') }}, true) then 'other_name'
        end as skip_reason
    from sizes
    left join shared_devices on sizes.node_id = shared_devices.node_id
    left join used_by_buyer
        on
            sizes.node_id = used_by_buyer.node_id
            and sizes.buyer_node_id = used_by_buyer.buyer_node_id
            and sizes.identifier_value = used_by_buyer.identifier_value
)

select * from judged
