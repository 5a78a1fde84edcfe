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
        responses.answered_at,
        true as is_customer,
        true as is_complete,
        product_lines.division,
        product_lines.product_line,
        responses._loaded_at
    from responses
    left join product_lines
        on responses.product_category_name = product_lines.product_line
)

select * from final
