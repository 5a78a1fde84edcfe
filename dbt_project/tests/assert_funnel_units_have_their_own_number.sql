-- Law: no two persons, carts or sessions go by one number in the funnels, where a number is a hash of the key.
with numbers as (
    select
        'customer' as unit,
        {{ key_number(['customer_id']) }} as unit_number
    from {{ ref('dim_customers') }}
    union all
    select
        unit,
        unit_number
    from {{ ref('funnel_units') }}
)

select
    unit,
    unit_number,
    count(*) as n_units
from numbers
group by 1, 2
having count(*) > 1
