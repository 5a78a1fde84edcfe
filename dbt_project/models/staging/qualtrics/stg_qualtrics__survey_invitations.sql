-- One row per survey invitation.
with distributions as (
    {{ deduplicate('qualtrics', 'distributions') }}
),

regions as (
    select * from {{ ref('regions') }}
),

invitations as (
    select
        'qualtrics' as system,
        distributions.distribution_id as invitation_ref,
        distributions.survey_id as survey_ref,
        nullif(trim(distributions.response_id), '') as response_ref,
        distributions.sent_at,
        lower(distributions.status) as status,
        nullif(trim(distributions.division), '') as division,
        nullif(trim(distributions.product_line), '') as product_line,
        coalesce(regions.region, distributions.region) as region
    from distributions
    left join regions
        on regions.system = 'qualtrics' and regions.source_value = lower(trim(distributions.region))
)

select * from invitations
