-- One row per survey response. The survey's channel "support" is the assisted one: phone.
with responses as (
    select * from {{ ref('base_qualtrics__responses') }}
),

answers as (
    select
        'qualtrics' as system,
        response_id as response_ref,
        node_id,
        survey_id as survey_ref,
        wording_version,
        coalesce(end_date, recorded_date) as answered_at,
        is_customer,
        coalesce(finished, progress = 100, false) as is_complete,
        nullif(trim(order_name), '') as order_name,
        nullif(trim(division), '') as division,
        nullif(trim(product_line), '') as product_line,
        sales_region as region,
        case lower(touch_channel) when 'support' then 'phone' else lower(touch_channel) end as channel,
        language,
        sat_overall,
        sat_expectancy,
        sat_ideal,
        expectation,
        quality,
        value_for_money,
        nps,
        ces,
        importance_price,
        importance_convenience,
        importance_quality,
        importance_design,
        importance_service,
        complained as has_complained,
        free_text,
        _loaded_at
    from responses
)

select * from answers
