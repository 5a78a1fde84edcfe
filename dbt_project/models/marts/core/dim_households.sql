-- One row per household: two or more persons who share address and surname.
with members as (
    select
        customer_id,
        household_id,
        surname
    from {{ ref('bridge_customer_households') }}
    where household_id is not null
),

customers as (
    select
        customer_id,
        address_line,
        city,
        postal_code,
        country_code,
        region,
        first_seen_at,
        last_seen_at,
        n_orders,
        net_amount_reporting
    from {{ ref('dim_customers') }}
),

-- The longest known member stands for the household's address as it is written.
ranked as (
    select
        members.household_id,
        members.surname,
        customers.address_line,
        customers.city,
        customers.postal_code,
        customers.country_code,
        customers.region,
        customers.first_seen_at,
        customers.last_seen_at,
        customers.n_orders,
        customers.net_amount_reporting,
        row_number() over (
            partition by members.household_id
            order by customers.first_seen_at asc nulls last, customers.customer_id
        ) as member_rank
    from members
    inner join customers on members.customer_id = customers.customer_id
)

select
    household_id,
    max(surname) as surname,
    max(case when member_rank = 1 then address_line end) as address_line,
    max(case when member_rank = 1 then city end) as city,
    max(case when member_rank = 1 then postal_code end) as postal_code,
    max(case when member_rank = 1 then country_code end) as country_code,
    max(case when member_rank = 1 then region end) as region,
    count(*) as n_members,
    count(*) filter (where n_orders > 0) as n_members_with_orders,
    cast(sum(n_orders) as bigint) as n_orders,
    cast(sum(net_amount_reporting) as decimal(18, 4)) as net_amount_reporting,
    min(first_seen_at) as first_seen_at,
    max(last_seen_at) as last_seen_at
from ranked
group by 1
