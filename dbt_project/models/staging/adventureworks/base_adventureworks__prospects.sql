-- One row per prospect: an address bought in, of somebody who has not ordered.
with prospects as (
    {{ deduplicate('adventureworks', 'prospective_buyers') }}
),

places as (
    select * from {{ ref('base_adventureworks__places') }}
),

final as (
    select
        prospects.prospective_buyer_key,
        'adventureworks:prospect:' || cast(prospects.prospective_buyer_key as string) as node_id,
        prospects.first_name,
        prospects.last_name,
        prospects.email_address as email,
        prospects.phone,
        prospects.birth_date,
        case prospects.gender when 'F' then 'female' when 'M' then 'male' end as gender,
        prospects.address_line_1 as address_line,
        prospects.city,
        prospects.postal_code,
        places.country_code,
        places.region,
        {{ adventureworks_income_band('prospects.yearly_income') }} as income_band,
        -- The warehouse cuts education after ten letters; the five values of the shop's export are told apart by them.
        case prospects.education
            when 'Partial Hi' then 'Partial High School'
            when 'High Schoo' then 'High School'
            when 'Partial Co' then 'Partial College'
            when 'Graduate D' then 'Graduate Degree'
            else prospects.education
        end as education,
        prospects.occupation,
        prospects.total_children as n_children,
        case prospects.house_owner_flag when '1' then true when '0' then false end as is_home_owner
    from prospects
    left join places
        on prospects.state_province_code = places.state_province_code
)

select * from final
