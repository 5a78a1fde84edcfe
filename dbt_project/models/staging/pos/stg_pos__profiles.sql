-- One row per loyalty card, per receipt with a typed contact and no card, per app instance seen in a store, and per employee.
with receipts as (
    select * from {{ ref('base_pos__receipts') }}
),

visits as (
    select * from {{ ref('base_pos__visits') }}
),

staff as (
    {{ deduplicate('pos', 'staff') }}
),

stores as (
    {{ deduplicate('pos', 'stores') }}
),

seen as (
    select
        node_id,
        case when loyalty_card is not null then 'loyalty' else 'receipt' end as profile_kind,
        coalesce(loyalty_card, receipt_no) as profile_ref,
        customer_email,
        customer_phone,
        country_code,
        region,
        sold_at as seen_at
    from receipts
    where node_id is not null
    union all
    select
        node_id,
        case when loyalty_card is not null then 'loyalty' else 'device' end as profile_kind,
        coalesce(loyalty_card, device_id) as profile_ref,
        cast(null as string) as customer_email,
        cast(null as string) as customer_phone,
        country_code,
        region,
        visited_at as seen_at
    from visits
    where node_id is not null
),

records as (
    select
        node_id,
        profile_kind,
        profile_ref,
        cast(null as string) as full_name,
        max_by(customer_email, cast(seen_at as string) || customer_email) filter (where customer_email is not null) as email,
        max_by(customer_phone, cast(seen_at as string) || customer_phone) filter (where customer_phone is not null) as phone,
        max_by(country_code, cast(seen_at as string) || country_code) as country_code,
        max_by(region, cast(seen_at as string) || region) as region,
        cast(null as string) as job_title,
        false as is_staff,
        min(seen_at) as recorded_at,
        max(seen_at) as updated_at
    from seen
    group by node_id, profile_kind, profile_ref
    union all
    select
        'pos:staff:' || staff.staff_id as node_id,
        'staff' as profile_kind,
        staff.staff_id as profile_ref,
        staff.name as full_name,
        staff.email,
        cast(null as string) as phone,
        stores.country_code,
        stores.region,
        staff.role as job_title,
        true as is_staff,
        cast(staff.hired_on as timestamp) as recorded_at,
        staff.updated_at
    from staff
    left join stores
        on stores.store_id = staff.store_id
),

profiles as (
    select
        node_id,
        'pos' as system,
        profile_kind,
        profile_ref,
        full_name,
        email,
        phone,
        country_code,
        region,
        job_title,
        is_staff,
        false as is_business,
        recorded_at,
        updated_at
    from records
)

select * from profiles
