-- One row per CRM contact. A contact merged away keeps its row as long as an export held it.
with contacts as (
    {{ deduplicate('hubspot', 'contacts') }}
),

companies as (
    {{ deduplicate('hubspot', 'companies') }}
),

regions as (
    select * from {{ ref('regions') }}
),

profiles as (
    select
        'hubspot:contact:' || cast(contacts.hs_object_id as string) as node_id,
        'hubspot' as system,
        'contact' as profile_kind,
        cast(contacts.hs_object_id as string) as profile_ref,
        'hubspot:' || cast(contacts.associatedcompanyid as string) as account_ref,
        contacts.firstname as first_name,
        contacts.lastname as last_name,
        contacts.email,
        coalesce(nullif(contacts.mobilephone, ''), contacts.phone) as phone,
        contacts.date_of_birth as birth_date,
        case when lower(contacts.gender) in ('female', 'male', 'other') then lower(contacts.gender) end as gender,
        nullif(lower(substr(contacts.hs_language, 1, 2)), '') as language,
        contacts.address as address_line,
        contacts.city,
        contacts.zip as postal_code,
        regions.country_code,
        regions.region,
        companies.name as company_name,
        contacts.jobtitle as job_title,
        contacts.income_band,
        contacts.education,
        contacts.occupation,
        contacts.children as n_children,
        contacts.household_size,
        contacts.home_owner as is_home_owner,
        coalesce(contacts.is_staff, false) as is_staff,
        contacts.associatedcompanyid is not null as is_business,
        contacts.createdate as recorded_at,
        contacts.lastmodifieddate as updated_at
    from contacts
    left join companies
        on companies.hs_object_id = contacts.associatedcompanyid
    left join regions
        on regions.system = 'hubspot' and regions.source_value = lower(trim(contacts.country))
)

select * from profiles
