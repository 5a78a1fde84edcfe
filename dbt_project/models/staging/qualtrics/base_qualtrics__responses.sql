-- One row per response of a real respondent: previews and what the vendor marks as spam are left out.
with responses as (
    {{ deduplicate('qualtrics', 'responses') }}
),

placed as (
    select
        responses.*,
        'qualtrics:response:' || responses.response_id as node_id,
        nullif(lower(substr(responses.user_language, 1, 2)), '') as language,
        regions.country_code,
        coalesce(regions.region, responses.region) as sales_region
    from responses
    left join {{ ref('regions') }} as regions
        on regions.system = 'qualtrics' and regions.source_value = lower(trim(responses.region))
    where coalesce(responses.status, 'IP Address') = 'IP Address'
)

select * from placed
