-- One row per survey response.
with survey_answers as (
    select * from {{ ref('int_survey_answers') }}
),

order_names as (
    {{ order_names() }}
),

orders as (
    select
        order_id,
        main_product_line
    from {{ ref('fct_orders') }}
),

product_lines as (
    select * from {{ ref('product_lines') }}
),

identity_map as (
    select
        node_id,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

placed as (
    select
        survey_answers.*,
        identity_map.customer_id,
        order_names.order_id,
        coalesce(survey_answers.product_line, orders.main_product_line) as line,
        {{ date_in_zone('survey_answers.answered_at', 'run_settings.reporting_time_zone') }} as answer_date
    from survey_answers
    cross join run_settings
    left join identity_map on survey_answers.node_id = identity_map.node_id
    left join order_names on {{ order_name_key('survey_answers.order_name') }} = order_names.order_key
    left join orders on order_names.order_id = orders.order_id
)

select
    placed.system || ':' || placed.response_ref as response_id,
    placed.system,
    placed.customer_id,
    placed.survey_ref,
    placed.wording_version,
    placed.answered_at,
    placed.answer_date,
    placed.is_customer,
    placed.is_complete,
    placed.order_id,
    coalesce(placed.division, product_lines.division) as division,
    placed.line as product_line,
    placed.region,
    placed.channel,
    placed.language,
    placed.sat_overall,
    placed.sat_expectancy,
    placed.sat_ideal,
    placed.expectation,
    placed.quality,
    placed.value_for_money,
    placed.nps,
    placed.ces,
    placed.importance_price,
    placed.importance_convenience,
    placed.importance_quality,
    placed.importance_design,
    placed.importance_service,
    placed.has_complained,
    placed.free_text
from placed
left join product_lines on placed.line = product_lines.product_line
