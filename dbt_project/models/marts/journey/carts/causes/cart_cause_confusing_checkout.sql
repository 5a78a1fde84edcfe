-- One row per cart episode whose checkout went backwards twice, had three inputs refused, or took longer than nine in ten of the carts that
-- came equally far.
with steps as (
    select
        episode,
        event_ref,
        event_at,
        case event_name when 'view_cart' then 1 when 'begin_checkout' then 2 when 'add_shipping_info' then 3 else 4 end as step_number
    from {{ ref('cart_steps') }}
    where event_name in ('view_cart', 'begin_checkout', 'add_shipping_info', 'add_payment_info')
),

checkouts as (
    select
        episode,
        min(event_at) filter (where step_number = 2) as begun_at,
        max(step_number) as furthest_step
    from steps
    group by 1
    having count(*) filter (where step_number = 2) > 0
),

-- Steps of one moment are taken in their order: they are no way back.
ordered_steps as (
    select
        steps.episode,
        steps.event_ref,
        steps.event_at,
        checkouts.furthest_step,
        {{ seconds_between('checkouts.begun_at', 'steps.event_at') }} as seconds_in_checkout,
        case
            when
                steps.step_number < lag(steps.step_number) over (
                    partition by steps.episode
                    order by steps.event_at, steps.step_number, steps.event_ref
                )
                then 1
            else 0
        end as is_back
    from steps
    inner join checkouts
        on
            steps.episode = checkouts.episode
            and steps.event_at >= checkouts.begun_at
),

counted as (
    select
        *,
        sum(is_back) over (partition by episode) as n_back
    from ordered_steps
),

durations as (
    select
        episode,
        furthest_step,
        max(seconds_in_checkout) as n_seconds
    from counted
    group by 1, 2
),

limits as (
    select
        furthest_step,
        percentile_cont(0.9) within group (order by n_seconds) as most_seconds
    from durations
    group by 1
),

refusals as (
    select
        signs.episode,
        signs.event_ref,
        signs.event_at,
        count(*) over (partition by signs.episode) as n_refusals
    from {{ ref('cart_signs') }} as signs
    inner join checkouts
        on
            signs.episode = checkouts.episode
            and signs.event_at >= checkouts.begun_at
    where signs.event_name = 'form_error'
),

confusing as (
    select
        episode,
        event_ref,
        event_at
    from counted
    where
        n_back >= 2
        and is_back = 1
    union all
    select
        counted.episode,
        counted.event_ref,
        counted.event_at
    from counted
    inner join limits
        on
            counted.furthest_step = limits.furthest_step
            and counted.seconds_in_checkout > limits.most_seconds
    union all
    select
        episode,
        event_ref,
        event_at
    from refusals
    where n_refusals >= 3
)

{{ last_evidence('confusing_checkout', 'checkout', 'confusing', 'event_at is not null') }}
