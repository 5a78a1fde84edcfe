-- One row per product interest ticked. The survey asks for interests only, so every satisfaction item stays empty.
with responses as (
    {{ deduplicate('adventureworks', 'survey_responses') }}
),

product_lines as (
    select * from {{ ref('product_lines') }}
),

final as (
    select
        'adventureworks' as system,
        cast(responses.survey_response_key as string) as response_ref,
        'adventureworks:respondent:' || cast(responses.customer_key as string) as node_id,
        'product_interest' as survey_ref,
        cast(null as string) as wording_version,
        responses.answered_at,
        true as is_customer,
        true as is_complete,
        cast(null as string) as order_name,
        product_lines.division,
        product_lines.product_line,
        cast(null as string) as region,
        cast(null as string) as channel,
        cast(null as string) as language,
        cast(null as integer) as sat_overall,
        cast(null as integer) as sat_expectancy,
        cast(null as integer) as sat_ideal,
        cast(null as integer) as expectation,
        cast(null as integer) as quality,
        cast(null as integer) as value_for_money,
        cast(null as integer) as nps,
        cast(null as integer) as ces,
        cast(null as integer) as importance_price,
        cast(null as integer) as importance_convenience,
        cast(null as integer) as importance_quality,
        cast(null as integer) as importance_design,
        cast(null as integer) as importance_service,
        cast(null as boolean) as has_complained,
        cast(null as string) as free_text,
        responses._loaded_at
    from responses
    left join product_lines
        on responses.product_category_name = product_lines.product_line
)

select * from final
