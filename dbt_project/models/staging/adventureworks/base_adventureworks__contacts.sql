-- One row per person of the order database with an e-mail or a phone: the second export that knows the customers of the shop, and
-- beside them store contacts, employees and suppliers. It holds no names.
with emails as (
    {{ deduplicate('adventureworks', 'email_addresses') }}
),

phones as (
    {{ deduplicate('adventureworks', 'person_phones') }}
),

addresses as (
    {{ deduplicate('adventureworks', 'addresses') }}
),

entity_addresses as (
    {{ deduplicate('adventureworks', 'business_entity_addresses') }}
),

customers as (
    {{ deduplicate('adventureworks', 'oltp_customers') }}
),

stores as (
    {{ deduplicate('adventureworks', 'stores') }}
),

places as (
    select * from {{ ref('base_adventureworks__places') }}
),

territories as (
    select * from {{ ref('base_adventureworks__territories') }}
),

persons as (
    select business_entity_id from emails
    union
    select business_entity_id from phones
),

first_emails as (
    select
        business_entity_id,
        email_address
    from (
        select
            business_entity_id,
            email_address,
            row_number() over (partition by business_entity_id order by email_address_id) as rank_of_person
        from emails
    ) as ranked
    where rank_of_person = 1
),

-- Types are numbered cell, home, work: the order in which they reach the person.
first_phones as (
    select
        business_entity_id,
        phone_number
    from (
        select
            business_entity_id,
            phone_number,
            row_number() over (partition by business_entity_id order by phone_number_type_id, phone_number) as rank_of_person
        from phones
    ) as ranked
    where rank_of_person = 1
),

-- Types are numbered home 2, main office 3, shipping 5: where the person lives comes first.
first_addresses as (
    select
        business_entity_id,
        address_id
    from (
        select
            business_entity_id,
            address_id,
            row_number() over (partition by business_entity_id order by address_type_id, address_id) as rank_of_person
        from entity_addresses
    ) as ranked
    where rank_of_person = 1
),

-- A store stands in the customer list as such (no person): that row holds the account number the resellers go by.
store_accounts as (
    select
        store_id,
        min(account_number) as account_number
    from customers
    where person_id is null and store_id is not null
    group by store_id
),

person_customers as (
    select
        person_id,
        min(store_id) as store_id,
        min(territory_id) as territory_id
    from customers
    where person_id is not null
    group by person_id
),

sales_people as (
    select distinct sales_person_id from stores where sales_person_id is not null
),

final as (
    select
        persons.business_entity_id,
        'adventureworks:contact:' || cast(persons.business_entity_id as string) as node_id,
        'adventureworks:' || store_accounts.account_number as account_ref,
        first_emails.email_address as email,
        first_phones.phone_number as phone,
        addresses.address_line_1 as address_line,
        addresses.city,
        addresses.postal_code,
        coalesce(places.country_code, territories.country_code) as country_code,
        coalesce(territories.region, places.region) as region,
        trim(stores.name) as company_name,
        sales_people.sales_person_id is not null as is_staff,
        person_customers.store_id is not null as is_business
    from persons
    left join first_emails
        on persons.business_entity_id = first_emails.business_entity_id
    left join first_phones
        on persons.business_entity_id = first_phones.business_entity_id
    left join first_addresses
        on persons.business_entity_id = first_addresses.business_entity_id
    left join addresses
        on first_addresses.address_id = addresses.address_id
    left join places
        on addresses.state_province_id = places.state_province_id
    left join person_customers
        on persons.business_entity_id = person_customers.person_id
    left join territories
        on person_customers.territory_id = territories.sales_territory_key
    left join stores
        on person_customers.store_id = stores.business_entity_id
    left join store_accounts
        on person_customers.store_id = store_accounts.store_id
    left join sales_people
        on persons.business_entity_id = sales_people.sales_person_id
)

select * from final
