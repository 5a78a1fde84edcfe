{# The e-mails or the phones of every person, one row per normalised value: `{{ customer_contacts('email') }}`. Blocked and unusable
   values are not among them. A record's primary contact comes before its further ones. #}
{% macro customer_contacts(identifier_type) -%}
with identifiers as (
    select
        node_id,
        system,
        identifier_value,
        raw_value,
        observed_at
    from {{ ref('int_identity__identifiers') }}
    where identifier_type = '{{ identifier_type }}'
),

profiles as (
    select
        node_id,
        profile_kind,
        trim({{ identifier_type }}) as primary_value,
        {{ 'is_email_verified' if identifier_type == 'email' else 'false' }} as is_primary_verified,
        updated_at
    from {{ ref('int_profiles') }}
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
        {{ identifier_type }} as priority
    from {{ ref('survivorship_priorities') }}
),

shown as (
    select
        identity_map.customer_id,
        identifiers.node_id,
        identifiers.system,
        identifiers.identifier_value,
        identifiers.raw_value,
        identifiers.observed_at,
        profiles.updated_at,
        priorities.priority,
        lower(identifiers.raw_value) = lower(profiles.primary_value) as is_primary,
        coalesce(profiles.is_primary_verified and lower(identifiers.raw_value) = lower(profiles.primary_value), false) as is_verified
    from identifiers
    inner join identity_map on identifiers.node_id = identity_map.node_id
    inner join profiles on identifiers.node_id = profiles.node_id
    left join priorities
        on
            identifiers.system = priorities.system
            and profiles.profile_kind = priorities.profile_kind
),

ranked as (
    select
        customer_id,
        system,
        identifier_value,
        raw_value,
        observed_at,
        updated_at,
        is_verified,
        row_number() over (
            partition by customer_id
            order by
                {{ survivorship_order('priority', 'updated_at', 'is_verified', 'case when is_primary then 1 else 0 end') }},
                identifier_value
        ) as record_rank
    from shown
),

contact_values as (
    select
        customer_id,
        identifier_value,
        min(record_rank) as best_rank,
        {{ text_agg('system') }} as systems,
        count(*) as n_source_records,
        bool_or(is_verified) as is_verified,
        min(observed_at) as first_seen_at,
        max(greatest(coalesce(updated_at, observed_at), coalesce(observed_at, updated_at))) as last_seen_at
    from ranked
    group by 1, 2
)

select
    contact_values.customer_id,
    contact_values.identifier_value as {{ identifier_type }},
    ranked.raw_value as {{ identifier_type }}_raw,
    row_number() over (partition by contact_values.customer_id order by contact_values.best_rank) as survivor_rank,
    ranked.system as survivor_system,
    contact_values.systems,
    contact_values.n_source_records,
    contact_values.is_verified,
    contact_values.first_seen_at,
    contact_values.last_seen_at
from contact_values
inner join ranked
    on
        contact_values.customer_id = ranked.customer_id
        and contact_values.best_rank = ranked.record_rank
{%- endmacro %}
