-- One row per customer of the web shop: the first of the two exports that know a person.
with customers as (
    {{ deduplicate('adventureworks', 'customers') }}
),

final as (
    select
        customer_key,
        'adventureworks:customer:' || cast(customer_key as string) as node_id,
        first_name,
        last_name,
        email_address as email,
        birth_date,
        case gender when 'F' then 'female' when 'M' then 'male' end as gender,
        {{ adventureworks_income_band('annual_income') }} as income_band,
        education_level as education,
        occupation,
        total_children as n_children,
        case home_owner when 'Y' then true when 'N' then false end as is_home_owner,
        _loaded_at
    from customers
)

select * from final
