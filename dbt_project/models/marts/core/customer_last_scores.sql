-- The last score each person gave before as_of: of a survey, or the stars of a review.
{{ config(materialized='view') }}
with feedback as (
    select * from {{ ref('fct_feedback') }}
),

survey_answers as (
    select * from {{ ref('fct_survey_answers') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

scores as (
    select
        customer_id,
        answered_at as scored_at,
        case
            when sat_expectancy is not null and sat_ideal is not null
                then {{ score_0_100(['sat_overall', 'sat_expectancy', 'sat_ideal'], 10) }}
            else {{ score_0_100(['sat_overall'], 10) }}
        end as score,
        case when sat_expectancy is not null and sat_ideal is not null then 'survey3' else 'single_item' end as basis,
        response_id as source_id
    from survey_answers
    where sat_overall is not null
    union all
    select
        customer_id,
        given_at as scored_at,
        score_0_100 as score,
        score_basis as basis,
        feedback_id as source_id
    from feedback
    where score_basis = 'stars'
),

ranked_scores as (
    select
        scores.*,
        row_number() over (partition by scores.customer_id order by scores.scored_at desc, scores.source_id) as score_rank
    from scores
    cross join run_settings
    where
        scores.customer_id is not null
        and scores.scored_at < run_settings.as_of
)

select
    customer_id,
    score,
    basis,
    scored_at
from ranked_scores
where score_rank = 1
