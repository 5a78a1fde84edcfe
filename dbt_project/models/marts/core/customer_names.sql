-- One row per person and name, however it was written: the survivor and the names that lost to it. The parts of a name come from one
-- record.
with profiles as (
    select
        node_id,
        system,
        profile_kind,
        first_name,
        last_name,
        full_name,
        recorded_at,
        updated_at
    from {{ ref('int_profiles') }}
    where coalesce(first_name, last_name, full_name) is not null
),

records as (
    select
        node_id,
        given_name,
        family_name,
        name_key
    from {{ ref('int_identity__records') }}
    where name_key is not null
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
        name as priority
    from {{ ref('survivorship_priorities') }}
),

ranked as (
    select
        identity_map.customer_id,
        profiles.system,
        profiles.first_name,
        profiles.last_name,
        profiles.full_name,
        profiles.recorded_at,
        profiles.updated_at,
        records.given_name,
        records.family_name,
        records.name_key,
        row_number() over (
            partition by identity_map.customer_id
            order by
                {{ survivorship_order(
                    'priorities.priority', 'profiles.updated_at',
                    n_parts='case when records.given_name is not null and records.family_name is not null then 2 else 1 end',
                    node_id='profiles.node_id'
                ) }}
        ) as record_rank
    from profiles
    inner join records on profiles.node_id = records.node_id
    inner join identity_map on profiles.node_id = identity_map.node_id
    left join priorities
        on
            profiles.system = priorities.system
            and profiles.profile_kind = priorities.profile_kind
),

name_values as (
    select
        customer_id,
        name_key,
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
        given_name,
        family_name
    from ranked
    where record_rank = 1
)

select
    name_values.customer_id,
    name_values.name_key,
    ranked.first_name,
    ranked.last_name,
    coalesce(ranked.first_name || ' ' || ranked.last_name, ranked.full_name, ranked.first_name, ranked.last_name) as full_name,
    ranked.given_name,
    ranked.family_name,
    row_number() over (partition by name_values.customer_id order by name_values.best_rank) as survivor_rank,
    ranked.system as survivor_system,
    name_values.systems,
    name_values.n_source_records,
    -- Not a spelling of the survivor, in either order of the parts.
    case
        when
            {{ is_spelling_of('ranked.given_name', 'survivors.given_name') }}
            and {{ is_spelling_of('ranked.family_name', 'survivors.family_name') }}
            then false
        when
            {{ is_spelling_of('ranked.given_name', 'survivors.family_name') }}
            and {{ is_spelling_of('ranked.family_name', 'survivors.given_name') }}
            then false
        else true
    end as is_conflict,
    name_values.first_seen_at,
    name_values.last_seen_at
from name_values
inner join ranked
    on
        name_values.customer_id = ranked.customer_id
        and name_values.best_rank = ranked.record_rank
inner join survivors on name_values.customer_id = survivors.customer_id
