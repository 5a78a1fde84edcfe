-- One row per source record and usable normalised identifier value.
with identifiers as (
    select * from {{ ref('int_identifiers') }}
),

checked_values as (
    select * from {{ ref('int_identity__values') }}
),

usable as (
    select
        identifiers.node_id,
        identifiers.system,
        identifiers.identifier_type,
        checked_values.identifier_value,
        min(identifiers.raw_value) as raw_value,
        min(identifiers.observed_at) as observed_at
    from identifiers
    inner join checked_values
        on
            identifiers.identifier_type = checked_values.identifier_type
            and identifiers.raw_value = checked_values.raw_value
            and case when identifiers.identifier_type = 'phone' then upper(trim(identifiers.country_code)) end
            is not distinct from checked_values.country_code
    where
        checked_values.identifier_value is not null
        and not checked_values.is_blocked
    group by 1, 2, 3, 4
)

select * from usable
