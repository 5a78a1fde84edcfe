-- One row per person with any of these facts. Each stands for itself and survives by itself; place is where records without a postal
-- address say the person is, country and region of one record.
with profiles as (
    select
        node_id,
        system,
        profile_kind,
        birth_date,
        gender,
        language,
        income_band,
        education,
        occupation,
        n_children,
        household_size,
        is_home_owner,
        country_code,
        region,
        updated_at,
        coalesce(gender, language, income_band, education, occupation) is not null
        or n_children is not null
        or household_size is not null
        or is_home_owner is not null as has_demographics
    from {{ ref('int_profiles') }}
    where
        coalesce(gender, language, income_band, education, occupation, country_code, region) is not null
        or n_children is not null
        or household_size is not null
        or is_home_owner is not null
        or birth_date is not null
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
        address,
        birth_date,
        demographics
    from {{ ref('survivorship_priorities') }}
),

person_records as (
    select
        identity_map.customer_id,
        profiles.node_id,
        profiles.birth_date,
        profiles.gender,
        profiles.language,
        profiles.income_band,
        profiles.education,
        profiles.occupation,
        profiles.n_children,
        profiles.household_size,
        profiles.is_home_owner,
        profiles.country_code,
        profiles.region,
        profiles.updated_at,
        profiles.has_demographics,
        priorities.address as place_priority,
        priorities.birth_date as birth_date_priority,
        priorities.demographics as demographics_priority
    from profiles
    inner join identity_map on profiles.node_id = identity_map.node_id
    left join priorities
        on
            profiles.system = priorities.system
            and profiles.profile_kind = priorities.profile_kind
),

birth_dates as (
    select
        customer_id,
        birth_date,
        row_number() over (
            partition by customer_id
            order by
                {{ survivorship_order('birth_date_priority', 'updated_at') }}
        ) as record_rank
    from person_records
    where birth_date is not null
),

person_birth_dates as (
    select
        customer_id,
        min_by(birth_date, record_rank) as birth_date,
        count(distinct birth_date) > 1 as has_birth_date_conflict
    from birth_dates
    group by 1
),

demographics as (
    select
        customer_id,
        gender,
        language,
        income_band,
        education,
        occupation,
        n_children,
        household_size,
        is_home_owner,
        row_number() over (
            partition by customer_id
            order by
                {{ survivorship_order('demographics_priority', 'updated_at') }}
        ) as record_rank
    from person_records
    where has_demographics
),

person_demographics as (
    select
        customer_id,
        min_by(gender, record_rank) filter (where gender is not null) as gender,
        min_by(language, record_rank) filter (where language is not null) as language,
        min_by(income_band, record_rank) filter (where income_band is not null) as income_band,
        min_by(education, record_rank) filter (where education is not null) as education,
        min_by(occupation, record_rank) filter (where occupation is not null) as occupation,
        min_by(n_children, record_rank) filter (where n_children is not null) as n_children,
        min_by(household_size, record_rank) filter (where household_size is not null) as household_size,
        min_by(is_home_owner, record_rank) filter (where is_home_owner is not null) as is_home_owner,
        count(distinct gender) > 1 as has_gender_conflict
    from demographics
    group by 1
),

places as (
    select
        customer_id,
        country_code,
        region,
        row_number() over (
            partition by customer_id
            order by
                {{ survivorship_order(
                    'place_priority', 'updated_at', n_parts='case when country_code is not null and region is not null then 2 else 1 end'
                ) }}
        ) as record_rank
    from person_records
    where
        country_code is not null
        or region is not null
),

persons as (
    select distinct customer_id from person_records
)

select
    persons.customer_id,
    person_birth_dates.birth_date,
    person_demographics.gender,
    person_demographics.language,
    person_demographics.income_band,
    person_demographics.education,
    person_demographics.occupation,
    person_demographics.n_children,
    person_demographics.household_size,
    person_demographics.is_home_owner,
    places.country_code as place_country_code,
    places.region as place_region,
    coalesce(person_birth_dates.has_birth_date_conflict, false) as has_birth_date_conflict,
    coalesce(person_demographics.has_gender_conflict, false) as has_gender_conflict
from persons
left join person_birth_dates on persons.customer_id = person_birth_dates.customer_id
left join person_demographics on persons.customer_id = person_demographics.customer_id
left join places
    on
        persons.customer_id = places.customer_id
        and places.record_rank = 1
