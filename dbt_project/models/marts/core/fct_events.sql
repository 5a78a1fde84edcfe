-- One row per event of any system: the event log. A run rebuilds the days whose rows differ from what the log holds.
{{ incremental_by_day('event_date') }}
{{ config(post_hook="delete from {{ this }} where event_id is null") }}
with web_events as (
    select * from {{ ref('int_web_events') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

refunds as (
    select * from {{ ref('fct_refunds') }}
),

tickets as (
    select * from {{ ref('int_tickets') }}
),

reviews as (
    select * from {{ ref('int_reviews') }}
),

survey_answers as (
    select * from {{ ref('int_survey_answers') }}
),

campaign_touches as (
    select * from {{ ref('int_campaign_touches') }}
),

store_visits as (
    select * from {{ ref('int_store_visits') }}
),

order_names as (
    {{ order_names() }}
),

touchpoints as (
    select * from {{ ref('touchpoints') }}
),

products as (
    select
        product_id,
        product_line
    from {{ ref('dim_products') }}
),

identity_map as (
    select
        node_id,
        profile_kind,
        customer_id,
        is_staff
    from {{ source('identity', 'int_identity__map') }}
),

device_owners as (
    {{ device_owner_spans() }}
),

rates as (
    select * from {{ ref('dim_fx_rates') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

{{ event_branch('web', 'web_events', {
    'event_key': "'web:' || event_ref", 'system': 'system', 'node_id': 'node_id', 'event_at': 'event_at',
    'event_type': "case event_name when 'purchase' then 'order_confirmation' else event_name end",
    'own_channel': "case when platform in ('ANDROID', 'IOS') then 'app' else 'web' end",
    'device_ref': 'device_ref', 'vendor_session_ref': 'vendor_session_ref', 'cart_ref': 'cart_ref', 'product_id': 'product_ref',
    'product_line': 'product_line', 'region': 'region', 'device_category': 'device_category', 'amount': 'value_amount',
    'currency': 'currency', 'is_bot': 'is_bot', '_loaded_at': '_loaded_at',
}) }}

{# A second or later order is evidence of the loyalty loop, not of a first purchase. #}
{{ event_branch('purchases', 'orders', {
    'event_key': "'order:' || order_ref", 'system': 'system', 'node_id': 'node_id', 'event_at': 'ordered_at',
    'event_type': "case channel when 'store' then 'store_purchase' else 'order_placed' end", 'own_channel': 'channel',
    'own_stage': "case when customer_order_number > 1 then 'repeat' end", 'order_id': 'order_id', 'cart_ref': 'cart_ref',
    'product_line': 'main_product_line', 'region': 'region', 'amount': 'total_amount', 'currency': 'currency', '_loaded_at': '_loaded_at',
}) }}

{{ event_branch('deliveries', 'orders', {
    'event_key': "'delivery:' || order_ref", 'system': 'system', 'node_id': 'node_id', 'event_at': 'delivered_at',
    'event_type': "'order_delivered'", 'order_id': 'order_id', 'product_line': 'main_product_line', 'region': 'region',
    '_loaded_at': '_loaded_at',
}, "delivered_at is not null and channel <> 'store'") }}

{{ event_branch('returns', 'refunds', {
    'event_key': "'refund:' || substr(refund_id, length(split_part(refund_id, ':', 1)) + 2)",
    'system': "split_part(refund_id, ':', 1)", 'node_id': 'node_id',
    'event_at': 'refunded_at', 'event_type': "'refund'", 'own_channel': "coalesce(channel, 'unknown')", 'order_id': 'order_id',
    'product_id': 'product_id', 'region': 'region', 'amount': 'amount', 'currency': 'currency', '_loaded_at': '_loaded_at',
}) }}

{%- set named_tickets = "tickets left join order_names on " ~ order_name_key('tickets.order_name') ~ " = order_names.order_key" %}
{%- set ticket = {
    'system': 'tickets.system', 'node_id': 'tickets.node_id', 'own_channel': 'tickets.channel', 'order_id': 'order_names.order_id',
    'ticket_id': "tickets.system || ':' || tickets.ticket_ref", 'product_line': 'tickets.product_line', 'region': 'tickets.region',
    '_loaded_at': 'tickets._loaded_at',
} %}
{{ event_branch('tickets_opened', named_tickets, dict(ticket, **{
    'event_key': "'ticket_opened:' || tickets.ticket_ref", 'event_at': 'tickets.opened_at', 'event_type': "'ticket_opened'",
})) }}

{{ event_branch('tickets_solved', named_tickets, dict(ticket, **{
    'event_key': "'ticket_solved:' || tickets.ticket_ref", 'event_at': 'tickets.solved_at', 'event_type': "'ticket_solved'",
}), 'tickets.solved_at is not null') }}

{%- set named_reviews = "reviews left join order_names on " ~ order_name_key('reviews.order_name') ~ " = order_names.order_key" %}
{{ event_branch('reviews_posted', named_reviews, {
    'event_key': "'review:' || reviews.review_ref", 'system': 'reviews.system', 'node_id': 'reviews.node_id', 'event_at': 'reviews.posted_at',
    'event_type': "'review_posted'", 'own_stage': "case when reviews.stars >= 4 then 'advocate' end", 'order_id': 'order_names.order_id',
    'product_id': 'reviews.product_ref', 'region': 'reviews.region', '_loaded_at': 'reviews._loaded_at',
}) }}

{%- set named_surveys = "survey_answers left join order_names on "
    ~ order_name_key('survey_answers.order_name') ~ " = order_names.order_key" %}
{{ event_branch('surveys', named_surveys, {
    'event_key': "'survey:' || survey_answers.response_ref", 'system': 'survey_answers.system', 'node_id': 'survey_answers.node_id',
    'event_at': 'survey_answers.answered_at', 'event_type': "'survey_answered'",
    'own_stage': "case when survey_answers.nps >= 9 then 'advocate' end", 'order_id': 'order_names.order_id',
    'product_line': 'survey_answers.product_line', 'region': 'survey_answers.region', '_loaded_at': 'survey_answers._loaded_at',
}) }}

{{ event_branch('campaigns', 'campaign_touches', {
    'event_key': "'campaign:' || touch_ref", 'system': 'system', 'node_id': 'node_id', 'event_at': 'touched_at',
    'event_type': "'campaign_' || touch_type", 'own_channel': 'channel', 'campaign_ref': 'campaign_ref', '_loaded_at': '_loaded_at',
}) }}

{{ event_branch('visits', 'store_visits', {
    'event_key': "'store:' || visit_ref", 'system': 'system', 'node_id': 'node_id', 'event_at': 'visited_at',
    'event_type': "'store_' || visit_type", 'product_id': 'product_ref', 'product_line': 'product_line', 'region': 'region',
    '_loaded_at': '_loaded_at',
}) }}

all_events as (
    {%- for name in ['web', 'purchases', 'deliveries', 'returns', 'tickets_opened', 'tickets_solved', 'reviews_posted', 'surveys',
        'campaigns', 'visits'] %}
    select * from {{ name }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- An event type without a touchpoint stays in, with the type as its touchpoint: the relationships test then names it.
mapped as (
    select
        all_events.system || ':' || all_events.event_key as event_id,
        {{ customer_or_device_owner() }} as customer_id,
        all_events.node_id,
        all_events.event_at,
        cast(all_events.event_at as date) as event_date,
        all_events.system,
        all_events.event_type,
        case when touchpoints.channel = 'by_event' then all_events.own_channel else coalesce(touchpoints.channel, 'unknown') end as channel,
        coalesce(touchpoints.touchpoint, all_events.event_type) as touchpoint,
        coalesce(all_events.own_stage, touchpoints.stage) as stage,
        all_events.device_ref,
        all_events.vendor_session_ref,
        all_events.order_id,
        all_events.cart_ref,
        all_events.ticket_id,
        all_events.product_id,
        coalesce(all_events.product_line, products.product_line) as product_line,
        all_events.campaign_ref,
        all_events.region,
        all_events.device_category,
        all_events.amount,
        all_events.currency,
        {{ in_reporting_currency(
            'all_events.amount', "case when all_events.currency = run_settings.reporting_currency then 1.0e0 else rates.fx_rate end"
        ) }} as amount_reporting,
        coalesce(all_events.is_bot, false) as is_bot,
        coalesce(identity_map.is_staff, false) as is_staff,
        all_events._loaded_at
    from all_events
    cross join run_settings
    left join touchpoints on all_events.event_type = touchpoints.event_type
    left join identity_map on all_events.node_id = identity_map.node_id
    left join device_owners
        on
            {{ owns_device_at('all_events.device_ref', 'all_events.event_at') }}
    left join products on all_events.product_id = products.product_id
    left join rates
        on
            all_events.currency = rates.currency
            and cast(all_events.event_at as date) = rates.rate_date
    where coalesce(touchpoints.is_logged, true)
)
{%- if is_incremental() %},

-- A day is rebuilt when the events it should have differ from those it has: new and late rows, newer versions, rows that moved to
-- another day, persons that were merged or split, changed rates and seeds. A day that lost its last event comes back as one row
-- without an id, which deletes the day and then itself.
{%- set compared = [
    'event_id', 'customer_id', 'is_staff', 'event_type', 'channel', 'stage', 'order_id', 'product_line', 'amount_reporting', '_loaded_at',
] %}
days_wanted as ({{ day_fingerprints('mapped', 'event_date', compared) }}
),

days_held as ({{ day_fingerprints(this, 'event_date', compared) }}
),

touched_days as (
    select coalesce(days_wanted.event_date, days_held.event_date) as event_date
    from days_wanted
    full join days_held on days_wanted.event_date = days_held.event_date
    where
        days_wanted.n_rows is distinct from days_held.n_rows
        or days_wanted.fingerprint is distinct from days_held.fingerprint
)
{%- endif %}

{%- set day = 'touched_days.event_date' if is_incremental() else 'mapped.event_date' %}

select
    mapped.event_id,
    mapped.customer_id,
    mapped.node_id,
    mapped.event_at,
    {{ day }} as event_date,
    mapped.system,
    mapped.event_type,
    mapped.channel,
    mapped.touchpoint,
    mapped.stage,
    mapped.device_ref,
    mapped.vendor_session_ref,
    mapped.order_id,
    mapped.cart_ref,
    mapped.ticket_id,
    mapped.product_id,
    mapped.product_line,
    mapped.campaign_ref,
    mapped.region,
    mapped.device_category,
    mapped.amount,
    mapped.currency,
    mapped.amount_reporting,
    mapped.is_bot,
    mapped.is_staff,
    mapped._loaded_at
{%- if is_incremental() %}
from touched_days
left join mapped on touched_days.event_date = mapped.event_date
{%- else %}
from mapped
{%- endif %}
