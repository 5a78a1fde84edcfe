-- One row per identifier value that links nobody, whoever shows it: listed by the house, of a form nobody has, or shown by
-- too many.
with identifiers as (
    select * from {{ ref('int_identifiers') }}
),

checked_values as (
    select * from {{ ref('int_identity__values') }}
    where is_blocked
),

groups as (
    select * from {{ ref('int_identity__groups') }}
    where skip_reason is not null
),

listed as (
    select
        identifiers.identifier_type,
        coalesce(checked_values.identifier_value, checked_values.raw_value) as identifier_value,
        checked_values.block_reason as reason,
        checked_values.block_why as why,
        count(distinct identifiers.node_id) as n_nodes,
        cast(null as bigint) as n_people,
        cast(null as bigint) as n_keys,
        min(identifiers.observed_at) as first_observed_at
    from identifiers
    inner join checked_values
        on
            identifiers.identifier_type = checked_values.identifier_type
            and identifiers.raw_value = checked_values.raw_value
            and case when identifiers.identifier_type = 'phone' then upper(trim(identifiers.country_code)) end
            is not distinct from checked_values.country_code
    group by 1, 2, 3, 4
),

found as (
    select
        identifier_type,
        identifier_value,
        skip_reason as reason,
        case skip_reason
            when 'too_many_people' then 'Shown with more given names than one household has.'
            when 'too_many_keys' then 'Shown by the holders of more accounts or cards than one household has.'
            when 'too_many_records' then 'Shown on more records than one person leaves.'
            when 'shared_device' then 'One system saw two of its people on it.'
        end as why,
        max(n_nodes) as n_nodes,
        max(n_people) as n_people,
        max(n_keys) as n_keys,
        min(observed_at) as first_observed_at
    from groups
    group by 1, 2, 3, 4
),

blocked as (
    select * from listed
    union all
    select * from found
)

select * from blocked
