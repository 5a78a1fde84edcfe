-- One row per piece of feedback with a text or a rating: reviews, ticket openings, rating comments, survey texts.
with reviews as (
    select * from {{ ref('int_reviews') }}
),

tickets as (
    select * from {{ ref('int_tickets') }}
),

survey_answers as (
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

products as (
    select
        product_id,
        product_line
    from {{ ref('dim_products') }}
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

pieces as (
    select
        system,
        review_type || '_review' as feedback_kind,
        review_ref as feedback_ref,
        node_id,
        posted_at as given_at,
        'review_site' as channel,
        region,
        product_ref as product_id,
        cast(null as string) as product_line,
        order_name,
        cast(null as string) as ticket_id,
        title,
        body,
        vendor_language,
        stars,
        {{ score_0_100(['stars'], 5) }} as score_0_100,
        'stars' as score_basis
    from reviews
    union all
    select
        system,
        'ticket' as feedback_kind,
        ticket_ref as feedback_ref,
        node_id,
        opened_at as given_at,
        channel,
        region,
        cast(null as string) as product_id,
        product_line,
        order_name,
        system || ':' || ticket_ref as ticket_id,
        subject as title,
        description as body,
        cast(null as string) as vendor_language,
        cast(null as integer) as stars,
        cast(null as double) as score_0_100,
        cast(null as string) as score_basis
    from tickets
    where coalesce(subject, description) is not null
    union all
    select
        system,
        'ticket_rating' as feedback_kind,
        ticket_ref as feedback_ref,
        node_id,
        coalesce(rated_at, opened_at) as given_at,
        channel,
        region,
        cast(null as string) as product_id,
        product_line,
        order_name,
        system || ':' || ticket_ref as ticket_id,
        rating as title,
        rating_comment as body,
        cast(null as string) as vendor_language,
        cast(null as integer) as stars,
        cast(null as double) as score_0_100,
        cast(null as string) as score_basis
    from tickets
    where rating in ('good', 'bad')
    union all
    select
        system,
        'survey_text' as feedback_kind,
        response_ref as feedback_ref,
        node_id,
        answered_at as given_at,
        coalesce(channel, 'survey') as channel,
        region,
        cast(null as string) as product_id,
        product_line,
        order_name,
        cast(null as string) as ticket_id,
        cast(null as string) as title,
        free_text as body,
        language as vendor_language,
        cast(null as integer) as stars,
        {{ score_0_100(['sat_overall'], 10) }} as score_0_100,
        case when sat_overall is not null then 'single_item' end as score_basis
    from survey_answers
    where nullif(trim(free_text), '') is not null
),

placed as (
    select
        pieces.*,
        order_names.order_id,
        identity_map.customer_id,
        {{ date_in_zone('pieces.given_at', 'run_settings.reporting_time_zone') }} as feedback_date,
        coalesce(pieces.product_line, products.product_line, orders.main_product_line) as line
    from pieces
    cross join run_settings
    left join identity_map on pieces.node_id = identity_map.node_id
    left join order_names on {{ order_name_key('pieces.order_name') }} = order_names.order_key
    left join orders on order_names.order_id = orders.order_id
    left join products on pieces.product_id = products.product_id
)

select
    placed.system || ':' || placed.feedback_kind || ':' || placed.feedback_ref as feedback_id,
    placed.system,
    placed.feedback_kind,
    placed.customer_id,
    placed.given_at,
    placed.feedback_date,
    placed.channel,
    placed.region,
    placed.product_id,
    placed.line as product_line,
    product_lines.division,
    placed.order_id,
    placed.ticket_id,
    placed.title,
    placed.body,
    placed.vendor_language,
    placed.stars,
    placed.score_0_100,
    placed.score_basis
from placed
left join product_lines on placed.line = product_lines.product_line
