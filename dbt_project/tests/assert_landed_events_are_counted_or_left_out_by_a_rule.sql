-- Law: landed events = events that count + events left out by a named rule, for each system. What landed is taken from the entities.
{%- set kinds = [
    ('int_web_events', 'sum(_n_landings)', none),
    ('int_orders', 'count(*)', none),
    ('int_orders', 'count(*)', "delivered_at is not null and channel <> 'store'"),
    ('int_refunds', 'count(*)', none),
    ('int_tickets', 'count(*)', none),
    ('int_tickets', 'count(*)', 'solved_at is not null'),
    ('int_reviews', 'count(*)', none),
    ('int_survey_answers', 'count(*)', none),
    ('int_campaign_touches', 'count(*)', none),
    ('int_store_visits', 'count(*)', none),
] %}
with landed as (
    {%- for entity, number, condition in kinds %}
    select
        system,
        {{ number }} as n_events
    from {{ ref(entity) }}
    {%- if condition %}
    where {{ condition }}
    {%- endif %}
    group by 1
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

wanted as (
    select
        system,
        sum(n_events) as n_events
    from landed
    group by 1
),

held as (
    select
        system,
        sum(n_events) as n_events
    from {{ ref('agg_event_rules') }}
    group by 1
)

select
    coalesce(wanted.system, held.system) as system,
    wanted.n_events as n_landed,
    held.n_events as n_decided
from wanted
full join held on wanted.system = held.system
where wanted.n_events is distinct from held.n_events
