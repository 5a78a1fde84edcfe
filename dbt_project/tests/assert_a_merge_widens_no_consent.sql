-- Law: what a person is said to permit, every one of their records that has an opinion permits too. Read from the records, not from
-- customer_consents' own reasoning: the newest statement of each record is found by its time.
select
    customers.customer_id,
    statements.node_id,
    statements.purpose,
    statements.channel
from {{ ref('dim_customers') }} as customers
inner join {{ source('identity', 'int_identity__map') }} as records on customers.customer_id = records.customer_id
inner join {{ ref('int_consents') }} as statements on records.node_id = statements.node_id
inner join (
    select
        consents.node_id,
        consents.purpose,
        consents.channel,
        max(consents.recorded_at) as recorded_at
    from {{ ref('int_consents') }} as consents
    cross join {{ source('run', 'run_settings') }} as run_settings
    where consents.recorded_at < run_settings.as_of
    group by 1, 2, 3
) as newest
    on
        statements.node_id = newest.node_id
        and statements.purpose = newest.purpose
        and statements.channel = newest.channel
        and statements.recorded_at = newest.recorded_at
where
    not statements.is_granted
    and (
        (statements.purpose = 'marketing' and statements.channel = 'email' and customers.has_email_marketing_consent)
        or (statements.purpose = 'marketing' and statements.channel = 'sms' and customers.has_sms_marketing_consent)
        or (statements.purpose = 'profiling' and customers.has_profiling_consent)
    )
