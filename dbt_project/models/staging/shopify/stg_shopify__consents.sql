-- One row per account and channel whose marketing consent was given or withdrawn; an account never asked has no row.
with customers as (
    select * from {{ ref('base_shopify__customers') }}
),

stated as (
    select
        node_id,
        'email' as channel,
        {{ json_text('email_marketing_consent', 'state') }} as state,
        {{ json_text('email_marketing_consent', 'consent_updated_at') }} as stated_at,
        created_at
    from customers
    union all
    select
        node_id,
        'sms' as channel,
        {{ json_text('sms_marketing_consent', 'state') }} as state,
        {{ json_text('sms_marketing_consent', 'consent_updated_at') }} as stated_at,
        created_at
    from customers
),

consents as (
    select
        node_id,
        'shopify' as system,
        'marketing' as purpose,
        channel,
        state = 'subscribed' as is_granted,
        coalesce({{ json_timestamp('stated_at') }}, created_at) as recorded_at
    from stated
    where state in ('subscribed', 'unsubscribed')
)

select * from consents
