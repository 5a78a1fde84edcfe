-- One row per source record that shows a name or a contact: what the probabilistic pass compares, normalised. Devices, and
-- respondents nobody knows, are left out.
with profiles as (
    select * from {{ ref('int_profiles') }}
    where profile_kind <> 'device'
),

identifiers as (
    select
        node_id,
        identifier_type,
        identifier_value,
        raw_value
    from {{ ref('int_identity__identifiers') }}
    where identifier_type in ('email', 'phone')
),

-- The record's primary contact comes first, another of its contacts where that is no usable one.
contacts as (
    select
        identifiers.node_id,
        identifiers.identifier_type,
        identifiers.identifier_value,
        row_number() over (
            partition by identifiers.node_id, identifiers.identifier_type
            order by
                case when trim(identifiers.raw_value) in (trim(profiles.email), trim(profiles.phone)) then 0 else 1 end,
                identifiers.identifier_value
        ) as contact_number
    from identifiers
    inner join profiles on identifiers.node_id = profiles.node_id
),

contact_columns as (
    select
        node_id,
        max(case when identifier_type = 'email' and contact_number = 1 then identifier_value end) as email,
        max(case when identifier_type = 'phone' and contact_number = 1 then identifier_value end) as phone,
        max(case when identifier_type = 'phone' and contact_number = 2 then identifier_value end) as other_phone
    from contacts
    group by 1
),

folded as (
    select
        profiles.node_id,
        profiles.system,
        profiles.profile_kind,
        {{ name_text('profiles.first_name') }} as first_name,
        {{ name_text('profiles.last_name') }} as last_name,
        {{ name_text('profiles.full_name') }} as full_name,
        profiles.birth_date,
        nullif(translate({{ fold_text('profiles.address_line') }}, '.,', '  '), '') as address_line,
        nullif({{ regex_replace_all('upper(profiles.postal_code)', '[^0-9A-Z]') }}, '') as postal_code,
        nullif({{ fold_text('profiles.city') }}, '') as city,
        nullif(upper(trim(profiles.country_code)), '') as country_code,
        {{ company_text('profiles.company_name') }} as company,
        contact_columns.email,
        contact_columns.phone,
        contact_columns.other_phone
    from profiles
    left join contact_columns on profiles.node_id = contact_columns.node_id
),

named as (
    select
        folded.*,
        case
            when first_name is not null or last_name is not null then first_name
            when full_name like '%,%' then nullif({{ without_title("trim(split_part(full_name, ',', 2))") }}, '')
            when full_name like '% %' then split_part(full_name, ' ', 1)
            else full_name
        end as given_name,
        case
            when first_name is not null or last_name is not null then last_name
            when full_name like '%,%' then nullif(trim(split_part(full_name, ',', 1)), '')
            when full_name like '% %' then trim(substr(full_name, length(split_part(full_name, ' ', 1)) + 2))
        end as family_name,
        -- "12a Church Lane" and "Lindenallee 46": the number stands at either end.
        coalesce(
            {{ regex_extract('trim(address_line)', '^([0-9]+ ?[a-z]?)( |$)', 1) }},
            {{ regex_extract('trim(address_line)', ' ([0-9]+ ?[a-z]?)$', 1) }}
        ) as house_number
    from folded
),

records as (
    select
        node_id,
        system,
        profile_kind,
        given_name,
        family_name,
        {{ sorted_words("nullif(concat_ws(' ', given_name, family_name), '')") }} as name_key,
        birth_date,
        nullif(trim({{ regex_replace_all(
            regex_replace_all(
                regex_replace_all('trim(address_line)', '(^[0-9]+ ?[a-z]?( |$))|( [0-9]+ ?[a-z]?$)'),
                '(strasse|straße|str)( |$)', 'str '
            ),
            ' (street|st)$', ' street'
        ) }}), '') as street,
        replace(house_number, ' ', '') as house_number,
        postal_code,
        city,
        country_code,
        email,
        split_part(email, '@', 1) as email_local,
        split_part(email, '@', 2) as email_domain,
        phone,
        other_phone,
        company
    from named
    where
        given_name is not null
        or family_name is not null
        or email is not null
        or phone is not null
)

select * from records
