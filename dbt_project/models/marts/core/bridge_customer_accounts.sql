-- One row per person and account (B2B) one of the person's records names, by the system's own reference or by the company's name.
with profiles as (
    select
        node_id,
        system,
        profile_kind,
        coalesce(account_ref, system || ':company:' || {{ company_text('company_name') }}) as account_ref,
        updated_at
    from {{ ref('int_profiles') }}
    where
        account_ref is not null
        or company_name is not null
),

accounts as (
    select
        account_ref,
        account_id,
        is_name_only
    from {{ ref('int_identity__accounts') }}
    where account_id is not null
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
        account as priority
    from {{ ref('survivorship_priorities') }}
),

ranked as (
    select
        identity_map.customer_id,
        accounts.account_id,
        profiles.system,
        accounts.is_name_only,
        row_number() over (
            partition by identity_map.customer_id
            order by
                {{ survivorship_order('priorities.priority', 'profiles.updated_at', node_id='profiles.node_id') }}
        ) as record_rank
    from profiles
    inner join accounts on profiles.account_ref = accounts.account_ref
    inner join identity_map on profiles.node_id = identity_map.node_id
    left join priorities
        on
            profiles.system = priorities.system
            and profiles.profile_kind = priorities.profile_kind
)

select
    customer_id,
    account_id,
    row_number() over (partition by customer_id order by min(record_rank)) as survivor_rank,
    bool_and(is_name_only) as is_by_name,
    {{ text_agg('system') }} as systems,
    count(*) as n_source_records
from ranked
group by 1, 2
