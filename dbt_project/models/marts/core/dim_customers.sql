-- The single customer view: one row per resolved person. Which record a group of fields comes from is decided in the child tables
-- (customer_names, customer_emails …): here is only their survivor. What a person spent, when they were met and the last score they gave
-- are counted in customer_spend, customer_contact_times and customer_last_scores.
with profiles as (
    select
        node_id,
        system,
        is_business,
        recorded_at
    from {{ ref('int_profiles') }}
),

identity_map as (
    select
        node_id,
        customer_id,
        is_staff
    from {{ source('identity', 'int_identity__map') }}
),

identifiers as (
    select
        node_id,
        identifier_type
    from {{ ref('int_identity__identifiers') }}
),

names as (
    select * from {{ ref('customer_names') }}
),

emails as (
    select * from {{ ref('customer_emails') }}
),

phones as (
    select * from {{ ref('customer_phones') }}
),

addresses as (
    select * from {{ ref('customer_addresses') }}
),

demographics as (
    select * from {{ ref('customer_demographics') }}
),

households as (
    select
        customer_id,
        household_id
    from {{ ref('bridge_customer_households') }}
),

accounts as (
    select
        customer_id,
        account_id,
        survivor_rank
    from {{ ref('bridge_customer_accounts') }}
),

consents as (
    select * from {{ ref('customer_consents') }}
),

spend as (
    select * from {{ ref('customer_spend') }}
),

contact_times as (
    select * from {{ ref('customer_contact_times') }}
),

last_scores as (
    select * from {{ ref('customer_last_scores') }}
),

sessions as (
    select customer_id from {{ ref('fct_sessions') }}
),

carts as (
    select customer_id from {{ ref('fct_carts') }}
),

tickets as (
    select
        customer_id,
        is_open
    from {{ ref('fct_tickets') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

persons as (
    select
        identity_map.customer_id,
        count(*) as n_source_records,
        {{ text_agg('profiles.system') }} as systems,
        bool_or(profiles.is_business) as is_business,
        min(profiles.recorded_at) as first_recorded_at
    from profiles
    inner join identity_map on profiles.node_id = identity_map.node_id
    group by 1
),

name_conflicts as (
    select distinct customer_id
    from names
    where is_conflict
),

country_conflicts as (
    select distinct customer_id
    from addresses
    where is_conflict
),

-- Known by an e-mail, a phone, a card or an id; a device or an anonymous answer is nobody yet.
identified as (
    select distinct identity_map.customer_id
    from identifiers
    inner join identity_map on identifiers.node_id = identity_map.node_id
    where identifiers.identifier_type not in ('device', 'order_name')
),

staff as (
    select distinct customer_id
    from identity_map
    where is_staff
),

person_consents as (
    select
        customer_id,
        bool_and(is_granted) filter (where purpose = 'marketing' and channel = 'email') as has_email_marketing_consent,
        bool_and(is_granted) filter (where purpose = 'marketing' and channel = 'sms') as has_sms_marketing_consent,
        bool_and(is_granted) filter (where purpose = 'profiling') as has_profiling_consent,
        bool_or(is_conflict) as has_consent_conflict
    from consents
    group by 1
),

session_counts as (
    select
        customer_id,
        count(*) as n_sessions
    from sessions
    group by 1
),

cart_counts as (
    select
        customer_id,
        count(*) as n_carts
    from carts
    group by 1
),

open_tickets as (
    select
        customer_id,
        count(*) as n_open_tickets
    from tickets
    where is_open
    group by 1
),

aged as (
    select
        demographics.*,
        -- Whole years at as_of: the birthday of this year counts only once it has come.
        extract(year from run_settings.as_of_date) - extract(year from demographics.birth_date)
        - case
            when
                extract(month from run_settings.as_of_date) * 100 + extract(day from run_settings.as_of_date)
                < extract(month from demographics.birth_date) * 100 + extract(day from demographics.birth_date)
                then 1
            else 0
        end as age
    from demographics
    cross join run_settings
)

select
    persons.customer_id,
    persons.n_source_records,
    persons.systems,
    names.first_name,
    names.last_name,
    names.full_name,
    emails.email,
    phones.phone,
    aged.birth_date,
    cast(cast(floor(extract(year from aged.birth_date) / 10) as integer) * 10 as string) || 's' as birth_year_band,
    case
        when aged.age is null then null
        when aged.age < 25 then 'under 25'
        when aged.age < 35 then '25-34'
        when aged.age < 45 then '35-44'
        when aged.age < 55 then '45-54'
        when aged.age < 65 then '55-64'
        else '65 and over'
    end as age_band,
    aged.gender,
    aged.language,
    addresses.address_line,
    addresses.city,
    addresses.postal_code,
    case when addresses.customer_id is null then aged.place_country_code else addresses.country_code end as country_code,
    case when addresses.customer_id is null then aged.place_region else addresses.region end as region,
    aged.income_band,
    aged.education,
    aged.occupation,
    aged.n_children,
    aged.household_size,
    aged.is_home_owner,
    households.household_id,
    accounts.account_id,
    persons.is_business,
    staff.customer_id is not null as is_staff,
    identified.customer_id is not null as is_identified,
    least(persons.first_recorded_at, contact_times.first_event_at) as first_seen_at,
    contact_times.last_event_at as last_seen_at,
    spend.first_order_at,
    spend.last_order_at,
    coalesce(spend.n_orders, 0) as n_orders,
    coalesce(spend.n_order_days_365d, 0) as n_order_days_365d,
    coalesce(spend.gross_amount_reporting, 0) as gross_amount_reporting,
    coalesce(spend.refund_amount_reporting, 0) as refund_amount_reporting,
    coalesce(spend.net_amount_reporting, 0) as net_amount_reporting,
    coalesce(spend.net_amount_reporting_365d, 0) as net_amount_reporting_365d,
    spend.margin_amount_reporting,
    coalesce(session_counts.n_sessions, 0) as n_sessions,
    coalesce(cart_counts.n_carts, 0) as n_carts,
    coalesce(contact_times.n_tickets, 0) as n_tickets,
    coalesce(open_tickets.n_open_tickets, 0) as n_open_tickets,
    coalesce(contact_times.n_reviews, 0) as n_reviews,
    coalesce(contact_times.n_survey_responses, 0) as n_survey_responses,
    contact_times.last_web_at,
    contact_times.last_store_at,
    contact_times.last_email_sent_at,
    contact_times.last_email_click_at,
    contact_times.last_ticket_at,
    contact_times.last_review_at,
    contact_times.last_survey_at,
    coalesce(person_consents.has_email_marketing_consent, false) as has_email_marketing_consent,
    coalesce(person_consents.has_sms_marketing_consent, false) as has_sms_marketing_consent,
    coalesce(person_consents.has_profiling_consent, false) as has_profiling_consent,
    name_conflicts.customer_id is not null as has_name_conflict,
    coalesce(aged.has_birth_date_conflict, false) as has_birth_date_conflict,
    coalesce(aged.has_gender_conflict, false) as has_gender_conflict,
    country_conflicts.customer_id is not null as has_country_conflict,
    coalesce(person_consents.has_consent_conflict, false) as has_consent_conflict,
    last_scores.score as last_satisfaction_score,
    last_scores.basis as last_satisfaction_basis,
    last_scores.scored_at as last_satisfaction_at
from persons
left join aged on persons.customer_id = aged.customer_id
left join names
    on
        persons.customer_id = names.customer_id
        and names.survivor_rank = 1
left join emails
    on
        persons.customer_id = emails.customer_id
        and emails.survivor_rank = 1
left join phones
    on
        persons.customer_id = phones.customer_id
        and phones.survivor_rank = 1
left join addresses
    on
        persons.customer_id = addresses.customer_id
        and addresses.survivor_rank = 1
left join households on persons.customer_id = households.customer_id
left join accounts
    on
        persons.customer_id = accounts.customer_id
        and accounts.survivor_rank = 1
left join name_conflicts on persons.customer_id = name_conflicts.customer_id
left join country_conflicts on persons.customer_id = country_conflicts.customer_id
left join identified on persons.customer_id = identified.customer_id
left join staff on persons.customer_id = staff.customer_id
left join person_consents on persons.customer_id = person_consents.customer_id
left join spend on persons.customer_id = spend.customer_id
left join contact_times on persons.customer_id = contact_times.customer_id
left join session_counts on persons.customer_id = session_counts.customer_id
left join cart_counts on persons.customer_id = cart_counts.customer_id
left join open_tickets on persons.customer_id = open_tickets.customer_id
left join last_scores on persons.customer_id = last_scores.customer_id
