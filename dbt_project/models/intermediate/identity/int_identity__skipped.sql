-- One row per identifier value or link that was not used, with its reason.
with identifiers as (
    select * from {{ ref('int_identifiers') }}
),

checked_values as (
    select * from {{ ref('int_identity__values') }}
    where is_blocked or identifier_value is null
),

groups as (
    select * from {{ ref('int_identity__groups') }}
    where skip_reason is not null
),

order_claims as (
    select * from {{ ref('int_identity__order_claims') }}
    where skip_reason is not null
),

purchase_claims as (
    select * from {{ ref('int_identity__purchase_claims') }}
    where skip_reason is not null
),

email_slips as (
    select distinct
        node_id,
        identifier_value,
        n_near,
        skip_reason
    from {{ ref('int_identity__email_slips') }}
    where skip_reason is not null
),

unusable as (
    select
        identifiers.node_id,
        identifiers.identifier_type,
        checked_values.identifier_value,
        identifiers.raw_value,
        case when checked_values.is_blocked then 'blocked_value' else 'not_normalisable' end as reason,
        count(*) over (partition by identifiers.identifier_type, identifiers.raw_value) as n_nodes
    from identifiers
    inner join checked_values
        on
            identifiers.identifier_type = checked_values.identifier_type
            and identifiers.raw_value = checked_values.raw_value
            and case when identifiers.identifier_type = 'phone' then upper(trim(identifiers.country_code)) end
            is not distinct from checked_values.country_code
),

skipped as (
    select
        node_id,
        identifier_type,
        identifier_value,
        raw_value,
        reason,
        n_nodes
    from unusable
    union all
    select
        node_id,
        identifier_type,
        identifier_value,
        cast(null as string) as raw_value,
        skip_reason as reason,
        n_nodes
    from groups
    union all
    select
        node_id,
        'order_name' as identifier_type,
        identifier_value,
        cast(null as string) as raw_value,
        skip_reason as reason,
        n_nodes
    from order_claims
    union all
    select
        node_id,
        'product' as identifier_type,
        product_ref as identifier_value,
        cast(null as string) as raw_value,
        skip_reason as reason,
        n_buyers as n_nodes
    from purchase_claims
    union all
    select
        node_id,
        'email_slip' as identifier_type,
        identifier_value,
        cast(null as string) as raw_value,
        skip_reason as reason,
        n_near as n_nodes
    from email_slips
)

select * from skipped
