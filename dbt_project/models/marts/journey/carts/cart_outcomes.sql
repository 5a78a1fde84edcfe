-- One row per cart episode: what it was worth, whether its time to be ordered is over, and what became of it.
with episodes as (
    select * from {{ ref('cart_episodes') }}
),

measures as (
    select * from {{ ref('cart_measures') }}
),

orders as (
    select * from {{ ref('cart_orders') }}
),

rates as (
    select * from {{ ref('dim_fx_rates') }}
),

shipping_thresholds as (
    select
        currency,
        valid_from,
        lead(valid_from, 1, cast('9999-12-31' as date)) over (partition by currency order by valid_from) as next_valid_from,
        free_shipping_from_amount
    from {{ ref('shipping_thresholds') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

valued as (
    select
        measures.episode,
        coalesce(measures.first_cart_ref, measures.customer_id) || ':' || cast({{ epoch_us('episodes.started_at') }} as string) as cart_id,
        measures.customer_id,
        episodes.started_at,
        episodes.last_activity_at,
        {{ date_in_zone('episodes.started_at', 'run_settings.reporting_time_zone') }} as cart_date,
        measures.currency,
        case when episodes.is_emptied then cast(0 as decimal(18, 4)) else measures.filled_amount end as value_amount,
        measures.shipping_amount,
        measures.has_checkout,
        measures.has_shipping,
        episodes.is_emptied,
        orders.order_id,
        orders.ordered_at,
        orders.match_type,
        coalesce(orders.is_agent_assisted, false) as is_agent_assisted,
        episodes.last_activity_at + interval 24 hour <= run_settings.as_of as is_mature,
        run_settings.as_of,
        run_settings.reporting_currency
    from measures
    cross join run_settings
    inner join episodes on measures.episode = episodes.episode
    left join orders on measures.episode = orders.episode
),

judged as (
    select
        valued.*,
        case when valued.currency = valued.reporting_currency then 1.0e0 else rates.fx_rate end as fx_rate,
        shipping_thresholds.free_shipping_from_amount,
        coalesce(
            valued.match_type in ('own', 'same_basket') and valued.ordered_at <= valued.last_activity_at + interval 24 hour,
            false
        ) as is_purchased
    from valued
    left join rates
        on
            valued.currency = rates.currency
            and valued.cart_date = rates.rate_date
    left join shipping_thresholds
        on
            valued.currency = shipping_thresholds.currency
            and valued.cart_date >= shipping_thresholds.valid_from
            and valued.cart_date < shipping_thresholds.next_valid_from
)

select
    episode,
    cart_id,
    customer_id,
    started_at,
    last_activity_at,
    -- Evidence of a cause is looked for from the first add to half an hour after the cart was left, and always before the order: nothing
    -- that follows the outcome can explain it.
    least(last_activity_at + interval 30 minute, coalesce(ordered_at, as_of), as_of) as evidence_until_at,
    least(coalesce(ordered_at, as_of), as_of) as outcome_at,
    cart_date,
    currency,
    value_amount,
    {{ in_reporting_currency('value_amount', 'fx_rate') }} as value_amount_reporting,
    shipping_amount,
    free_shipping_from_amount,
    has_checkout,
    has_shipping,
    is_emptied,
    order_id,
    ordered_at,
    {{ seconds_between('last_activity_at', 'ordered_at') }} / 3600 as hours_to_order,
    case
        when is_purchased and not is_agent_assisted then 'purchased'
        when is_emptied then 'emptied'
        when is_agent_assisted then 'completed_by_agent'
        when last_activity_at + interval {{ var('session_gap_minutes') }} minute >= as_of then 'open'
        when not is_mature then 'grace'
        when match_type = 'other_channel' then 'bought_elsewhere'
        when order_id is not null then 'recovered'
        else 'abandoned'
    end as state,
    case
        when order_id is null or (is_purchased and not is_agent_assisted) then null
        when is_agent_assisted then 'agent'
        when match_type = 'own' then 'same_basket'
        else match_type
    end as recovery_type,
    is_mature and not is_purchased and value_amount > 0 as is_abandoned,
    is_mature
from judged
