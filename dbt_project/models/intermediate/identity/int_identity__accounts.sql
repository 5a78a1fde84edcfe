-- One row per source account: the account it is. Source accounts are the companies of the systems, and the company names on records of
-- persons that name no account. A web domain decides; without one a company's name does, where it names only one.
with accounts as (
    select
        account_ref,
        system,
        name,
        domain,
        recorded_at
    from {{ ref('int_accounts') }}
),

profiles as (
    select
        system,
        company_name,
        is_business,
        recorded_at
    from {{ ref('int_profiles') }}
    where
        company_name is not null
        and account_ref is null
),

named_profiles as (
    select
        *,
        {{ company_text('company_name') }} as name_key
    from profiles
),

source_accounts as (
    select
        account_ref,
        system,
        false as is_name_only,
        true as is_business,
        name,
        {{ company_text('name') }} as name_key,
        nullif(lower(trim(domain)), '') as domain,
        recorded_at
    from accounts
    union all
    select
        system || ':company:' || name_key as account_ref,
        system,
        true as is_name_only,
        bool_or(is_business) as is_business,
        min(company_name) as name,
        name_key,
        cast(null as string) as domain,
        min(recorded_at) as recorded_at
    from named_profiles
    where name_key is not null
    group by system, name_key
),

-- A domain of many firms is a mail provider's or a marketplace's.
domains as (
    select domain
    from source_accounts
    where domain is not null
    group by 1
    having count(distinct name_key) <= {{ var('account_max_names_per_domain') }}
),

evidence as (
    select
        source_accounts.account_ref,
        source_accounts.system,
        source_accounts.is_name_only,
        source_accounts.is_business,
        source_accounts.name,
        source_accounts.name_key,
        source_accounts.domain,
        source_accounts.recorded_at,
        domains.domain as usable_domain
    from source_accounts
    left join domains on source_accounts.domain = domains.domain
),

-- What a name stands for: one domain, several, or none; and whether one system has several companies of that name.
system_names as (
    select
        name_key,
        system,
        count(distinct usable_domain) as n_domains,
        min(usable_domain) as first_domain,
        max(usable_domain) as last_domain,
        count(*) filter (where usable_domain is null and not is_name_only) as n_without_domain
    from evidence
    where name_key is not null
    group by 1, 2
),

names as (
    select
        name_key,
        min(first_domain) as domain,
        coalesce(min(first_domain) <> max(last_domain), false) as has_many_domains,
        max(n_without_domain) > 1 as has_namesakes
    from system_names
    group by 1
),

judged as (
    select
        evidence.account_ref,
        evidence.system,
        evidence.is_name_only,
        evidence.is_business,
        evidence.name,
        evidence.name_key,
        evidence.domain,
        evidence.recorded_at,
        case
            when evidence.usable_domain is not null then 'domain:' || evidence.usable_domain
            when evidence.name_key is null or names.has_many_domains or names.has_namesakes then 'own:' || evidence.account_ref
            when names.domain is not null then 'domain:' || names.domain
            else 'name:' || evidence.name_key
        end as link_key,
        case
            when evidence.usable_domain is not null then null
            when names.has_many_domains or names.has_namesakes then 'ambiguous_name'
            when evidence.domain is not null then 'shared_domain'
        end as skip_reason
    from evidence
    left join names on evidence.name_key = names.name_key
),

-- The oldest company record gives the id; a name on its own never outranks one.
grouped as (
    select
        *,
        min(case when is_name_only then 1 else 0 end) over links as is_names_only,
        bool_or(is_business) over links as is_business_link,
        count(*) over links as n_linked,
        first_value(account_ref) over (
            partition by link_key
            order by case when is_name_only then 1 else 0 end, recorded_at asc nulls last, account_ref
        ) as first_account_ref
    from judged
    window links as (partition by link_key)
),

mapped as (
    select
        account_ref,
        system,
        is_name_only,
        name,
        name_key,
        domain,
        recorded_at,
        -- A name several companies share, or one only consumers wrote in a form, is nobody's account.
        case
            when is_name_only and skip_reason is not null then null
            when is_names_only = 1 and not is_business_link then null
            else first_account_ref
        end as account_id,
        case
            when n_linked = 1 then 'own'
            when link_key like 'domain:%' and domain is not null then 'domain'
            else 'name'
        end as link_rule,
        case
            when skip_reason is not null then skip_reason
            when is_names_only = 1 and not is_business_link then 'no_business_record'
        end as skip_reason
    from grouped
)

select * from mapped
