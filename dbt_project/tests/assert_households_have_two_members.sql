-- Law: nobody is a household of one, and every member stays a person of their own.
select
    household_id,
    count(*) as n_members
from {{ ref('bridge_customer_households') }}
where household_id is not null
group by 1
having
    count(*) < 2
    or count(*) <> count(distinct customer_id)
