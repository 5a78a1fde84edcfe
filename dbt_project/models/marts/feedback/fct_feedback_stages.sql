-- One row per survey response and starred review whose person had entered a stage before: where they stood when they answered.
-- Strictly before, for the answer itself may be evidence of a stage (a promoter advocates).
with answers as (
    select
        response_id as answer_id,
        customer_id,
        answered_at
    from {{ ref('fct_survey_answers') }}
    union all
    select
        feedback_id as answer_id,
        customer_id,
        given_at as answered_at
    from {{ ref('fct_feedback') }}
    where stars is not null
),

steps as (
    select
        customer_id,
        stage,
        stage_order,
        entered_at,
        expires_at
    from {{ ref('fct_journey_steps') }}
),

-- The stage entered last of those that have not lapsed; of several entered at one moment the latest in the journey. Being sent a message
-- is no step of the person's own, so aware counts only where nothing else is alive.
ranked as (
    select
        answers.answer_id,
        steps.stage,
        steps.expires_at >= answers.answered_at as is_alive,
        row_number() over (
            partition by answers.answer_id
            order by
                (case when steps.expires_at >= answers.answered_at then 0 else 1 end),
                (case when steps.stage = 'aware' then 1 else 0 end),
                steps.entered_at desc,
                steps.stage_order desc
        ) as step_rank
    from answers
    inner join steps
        on
            answers.customer_id = steps.customer_id
            and steps.entered_at < answers.answered_at
)

select
    answer_id,
    case when is_alive then stage else 'lapsed' end as stage
from ranked
where step_rank = 1
