-- One row per CRM deal.
with deals as (
    {{ deduplicate('hubspot', 'deals') }}
),

contacts as (
    select * from {{ ref('base_hubspot__contact_nodes') }}
),

staged as (
    select
        'hubspot' as system,
        cast(deals.hs_object_id as string) as deal_ref,
        'hubspot:' || cast(deals.associatedcompanyid as string) as account_ref,
        contacts.node_id,
        deals.dealname as name,
        deals.dealstage as stage,
        case
            when deals.dealstage = 'closedwon' then true
            when deals.dealstage = 'closedlost' then false
            else deals.hs_is_closed_won
        end as is_won,
        deals.dealstage in ('closedwon', 'closedlost') as is_closed,
        deals.amount,
        coalesce(deals.deal_currency_code, {{ source_currency('hubspot', 'deals') }}) as currency,
        deals.createdate as opened_at,
        case when deals.dealstage in ('closedwon', 'closedlost') then deals.closedate end as closed_at
    from deals
    left join contacts
        on contacts.contact_ref = cast(deals.associatedcontactid as string)
)

select * from staged
