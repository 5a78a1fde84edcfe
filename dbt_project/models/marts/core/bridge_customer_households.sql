-- One row per person who shares their surviving address with another person of the same surname: the household. People of a household
-- stay persons of their own. An address of very many persons (a hall of residence, an office, a store) makes no household.
with addresses as (
    select
        customer_id,
        address_key
    from {{ ref('customer_addresses') }}
    where
        survivor_rank = 1
        and street is not null
        and house_number is not null
        and postal_code is not null
),

names as (
    select
        customer_id,
        family_name
    from {{ ref('customer_names') }}
    where
        survivor_rank = 1
        and family_name is not null
),

address_sizes as (
    select
        address_key,
        count(*) as n_persons
    from addresses
    group by 1
    having count(*) > 1
),

residents as (
    select
        addresses.customer_id,
        addresses.address_key,
        names.family_name,
        address_sizes.n_persons
    from addresses
    inner join address_sizes on addresses.address_key = address_sizes.address_key
    inner join names on addresses.customer_id = names.customer_id
),

-- Surnames of an address, the most frequent first: a slip of the keyboard then belongs to the name it is a slip of.
surnames as (
    select
        address_key,
        family_name,
        row_number() over (partition by address_key order by count(*) desc, family_name) as name_rank
    from residents
    group by 1, 2
),

-- An address of very many persons is left out before its people are compared with each other.
resident_ranks as (
    select
        residents.customer_id,
        min(surnames.name_rank) as name_rank
    from residents
    inner join surnames
        on
            residents.address_key = surnames.address_key
            and {{ is_spelling_of('residents.family_name', 'surnames.family_name') }}
    where residents.n_persons <= {{ var('household_max_persons_per_address') }}
    group by 1
),

resident_surnames as (
    select
        residents.customer_id,
        residents.address_key,
        residents.n_persons,
        coalesce(surnames.family_name, residents.family_name) as surname,
        case when resident_ranks.customer_id is null then 'crowded_address' end as skip_reason
    from residents
    left join resident_ranks on residents.customer_id = resident_ranks.customer_id
    left join surnames
        on
            residents.address_key = surnames.address_key
            and resident_ranks.name_rank = surnames.name_rank
),

households as (
    select
        *,
        count(*) over (partition by address_key, surname) as n_members
    from resident_surnames
)

select
    customer_id,
    -- From what they share, not from who they are: the id stays when members come and go.
    case when skip_reason is null then 'h_' || substr(md5(address_key || '|' || surname), 1, 16) end as household_id,
    surname,
    address_key,
    n_persons as n_persons_at_address,
    skip_reason
from households
where n_members > 1
