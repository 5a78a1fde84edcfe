-- One row per person and postal address, however it was written: the survivor and the addresses that lost to it. Line, town, postal
-- code, country and region come from one record. A record that only knows a country shows no address.
with profiles as (
    select
        node_id,
        system,
        profile_kind,
        address_line,
        city,
        postal_code,
        country_code,
        region,
        recorded_at,
        updated_at
    from {{ ref('int_profiles') }}
    where coalesce(address_line, city, postal_code) is not null
),

records as (
    select
        node_id,
        street,
        house_number
    from {{ ref('int_identity__records') }}
),

identity_map as (
    select
        node_id,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
),

priorities as (
    select
        system,
        profile_kind,
        address as priority
    from {{ ref('survivorship_priorities') }}
),

addressed as (
    select
        identity_map.customer_id,
        profiles.node_id,
        profiles.system,
        profiles.address_line,
        profiles.city,
        profiles.postal_code,
        profiles.country_code,
        profiles.region,
        profiles.recorded_at,
        profiles.updated_at,
        priorities.priority,
        records.street,
        records.house_number,
        concat_ws(
            '|',
            coalesce(upper(trim(profiles.country_code)), ''),
            -- The town says no more than the postal code, and is spelled more freely.
            coalesce(
                nullif({{ regex_replace_all('upper(profiles.postal_code)', '[^0-9A-Z]') }}, ''),
                {{ fold_text('profiles.city') }},
                ''
            ),
            coalesce(records.street, {{ fold_text('profiles.address_line') }}, ''),
            coalesce(records.house_number, '')
        ) as address_key,
        case when profiles.address_line is null then 0 else 1 end
        + case when profiles.city is null then 0 else 1 end
        + case when profiles.postal_code is null then 0 else 1 end
        + case when profiles.country_code is null then 0 else 1 end as n_parts
    from profiles
    inner join identity_map on profiles.node_id = identity_map.node_id
    left join records on profiles.node_id = records.node_id
    left join priorities
        on
            profiles.system = priorities.system
            and profiles.profile_kind = priorities.profile_kind
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by
                -- A record that only knows the town never beats one that knows the street.
                case when address_line is not null then 0 else 1 end,
                {{ survivorship_order('priority', 'updated_at', n_parts='n_parts') }}
        ) as record_rank
    from addressed
),

address_values as (
    select
        customer_id,
        address_key,
        min(record_rank) as best_rank,
        {{ text_agg('system') }} as systems,
        count(*) as n_source_records,
        min(recorded_at) as first_seen_at,
        max(coalesce(updated_at, recorded_at)) as last_seen_at
    from ranked
    group by 1, 2
),

survivors as (
    select
        customer_id,
        country_code
    from ranked
    where record_rank = 1
)

select
    address_values.customer_id,
    address_values.address_key,
    ranked.address_line,
    ranked.street,
    ranked.house_number,
    ranked.city,
    ranked.postal_code,
    ranked.country_code,
    ranked.region,
    row_number() over (partition by address_values.customer_id order by address_values.best_rank) as survivor_rank,
    ranked.system as survivor_system,
    address_values.systems,
    address_values.n_source_records,
    coalesce(ranked.country_code <> survivors.country_code, false) as is_conflict,
    address_values.first_seen_at,
    address_values.last_seen_at
from address_values
inner join ranked
    on
        address_values.customer_id = ranked.customer_id
        and address_values.best_rank = ranked.record_rank
inner join survivors on address_values.customer_id = survivors.customer_id
