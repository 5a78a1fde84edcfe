-- One row per source record and linking value (e-mail, phone, loyalty card, ids, device): the group of records the value
-- may link. A value shared by people of different given names has a group for each of them.
with identifiers as (
    select * from {{ ref('int_identity__identifiers') }}
    where identifier_type <> 'order_name'
),

profiles as (
    select
        node_id,
        profile_kind,
        first_name,
        full_name
    from {{ ref('int_profiles') }}
),

-- The given name, or for a single name field ("Muller, Anna", "Anna Muller", "Muller Anna") its two candidates.
folded as (
    select
        node_id,
        profile_kind,
        nullif(trim(first_name), '') is not null as is_given_name,
        translate({{ fold_text("coalesce(nullif(trim(first_name), ''), full_name)") }}, '.-', '  ') as name_text
    from profiles
),

names as (
    select
        node_id,
        profile_kind,
        is_given_name,
        nullif(split_part(
            case when name_text like '%,%' then trim(split_part(name_text, ',', 2)) else trim(name_text) end, ' ', 1
        ), '') as name,
        case
            when not is_given_name and name_text not like '%,%' and trim(name_text) like '% %'
                then reverse(split_part(reverse(trim(name_text)), ' ', 1))
        end as other_name
    from folded
),

shown as (
    select
        identifiers.node_id,
        identifiers.identifier_type,
        identifiers.identifier_value,
        identifiers.observed_at,
        names.profile_kind,
        names.is_given_name,
        names.name,
        names.other_name
    from identifiers
    left join names on identifiers.node_id = names.node_id
),

-- Only these types are shared within households and firms; ids and cards belong to one person.
shared_values as (
    select
        identifier_type,
        identifier_value
    from shown
    where identifier_type in ('email', 'phone')
    group by 1, 2
    having count(distinct name) > 1
),

contested as (
    select shown.*
    from shown
    inner join shared_values
        on
            shown.identifier_type = shared_values.identifier_type
            and shown.identifier_value = shared_values.identifier_value
),

-- Names of a value, the surest and most frequent first.
value_names as (
    select
        identifier_type,
        identifier_value,
        name,
        row_number() over (
            partition by identifier_type, identifier_value
            order by max(case when is_given_name then 1 else 0 end) desc, count(*) desc, name
        ) as name_rank
    from contested
    where name is not null
    group by 1, 2, 3
),

-- A record belongs to the first name of its value that its own name may be a spelling of; without a name, to the first.
contested_ranks as (
    select
        contested.node_id,
        contested.identifier_type,
        contested.identifier_value,
        min(value_names.name_rank) as name_rank
    from contested
    inner join value_names
        on
            contested.identifier_type = value_names.identifier_type
            and contested.identifier_value = value_names.identifier_value
            and (
                contested.name is null
                or {{ is_same_given_name('contested.name', 'value_names.name') }}
                or {{ is_same_given_name('contested.other_name', 'value_names.name') }}
            )
    group by 1, 2, 3
),

people as (
    select
        identifier_type,
        identifier_value,
        count(distinct name_rank) as n_people
    from contested_ranks
    group by 1, 2
),

grouped as (
    select
        shown.node_id,
        shown.identifier_type,
        shown.identifier_value,
        shown.observed_at,
        shown.profile_kind,
        coalesce(contested_ranks.name_rank, 1) as name_rank,
        -- spellings of one name are one person, and then nothing is guessed
        shown.name is null and coalesce(people.n_people, 1) > 1 as is_guess
    from shown
    left join contested_ranks
        on
            shown.node_id = contested_ranks.node_id
            and shown.identifier_type = contested_ranks.identifier_type
            and shown.identifier_value = contested_ranks.identifier_value
    left join people
        on
            shown.identifier_type = people.identifier_type
            and shown.identifier_value = people.identifier_value
),

-- Accounts and cards of those who show a value: a till's own phone shows many, whatever their names.
unique_keys as (
    select * from {{ ref('int_identity__unique_keys') }}
    where key_type in ('shop_customer', 'loyalty_card', 'adventureworks_customer', 'retail_customer', 'maven_customer')
),

key_counts as (
    select
        identifier_type,
        identifier_value,
        max(n_keys) as n_keys
    from (
        select
            shown.identifier_type,
            shown.identifier_value,
            unique_keys.key_type,
            count(distinct unique_keys.key_value) as n_keys
        from shown
        inner join unique_keys on shown.node_id = unique_keys.node_id
        where shown.identifier_type in ('email', 'phone')
        group by 1, 2, 3
    ) as counted
    group by 1, 2
),

value_sizes as (
    select
        grouped.identifier_type,
        grouped.identifier_value,
        count(*) as n_nodes,
        count(distinct grouped.name_rank) as n_people,
        coalesce(max(key_counts.n_keys), 0) as n_keys
    from grouped
    left join key_counts
        on
            grouped.identifier_type = key_counts.identifier_type
            and grouped.identifier_value = key_counts.identifier_value
    group by 1, 2
),

-- A device is shared when one system saw two of its people on it: two logins, or two loyalty cards.
shared_devices as (
    select distinct
        identifier_type,
        identifier_value
    from (
        select
            identifier_type,
            identifier_value,
            profile_kind
        from grouped
        where
            identifier_type = 'device'
            and profile_kind <> 'device'
        group by 1, 2, 3
        having count(*) > 1
    ) as seen
),

judged as (
    select
        grouped.node_id,
        grouped.identifier_type,
        grouped.identifier_value,
        grouped.observed_at,
        grouped.name_rank,
        grouped.is_guess,
        value_sizes.n_nodes,
        value_sizes.n_people,
        value_sizes.n_keys,
        case
            when shared_devices.identifier_value is not null then 'shared_device'
            when grouped.identifier_type in ('email', 'phone') and value_sizes.n_people > {{ var('identity_max_people_per_value') }}
                then 'too_many_people'
            when value_sizes.n_keys > {{ var('identity_max_people_per_value') }} then 'too_many_keys'
            when grouped.identifier_type <> 'device' and value_sizes.n_nodes > {{ var('identity_max_records_per_value') }}
                then 'too_many_records'
        end as skip_reason
    from grouped
    inner join value_sizes
        on
            grouped.identifier_type = value_sizes.identifier_type
            and grouped.identifier_value = value_sizes.identifier_value
    left join shared_devices
        on
            grouped.identifier_type = shared_devices.identifier_type
            and grouped.identifier_value = shared_devices.identifier_value
)

select * from judged
