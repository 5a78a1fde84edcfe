-- One row per random group of persons, kind of buyer, channel of the order, distinct path and touch of it, of the twelve months to as_of:
-- what attribution is computed from. An order without a touch has one row at position 0.
with paths as (
    select
        paths.path_id,
        -- Two digits of a hash make 256 groups of whole persons; a receipt nobody is known for is on its own.
        substr(md5(coalesce(paths.customer_id, paths.path_id)), 1, 2) as person_group,
        paths.buyer_kind,
        coalesce(paths.order_channel, 'none') as order_channel,
        paths.path,
        paths.n_touches,
        paths.net_amount_reporting
    from {{ ref('fct_touch_paths') }} as paths
    cross join {{ source('run', 'run_settings') }} as run_settings
    where
        paths.is_decided
        and paths.ended_date > run_settings.as_of_date - interval 12 month
        and paths.ended_date <= run_settings.as_of_date
),

spots as (
    select
        paths.*,
        touches.touch_position,
        touches.channel,
        touches.decay_share
    from paths
    inner join {{ ref('fct_marketing_touches') }} as touches on paths.path_id = touches.path_id
    union all
    select
        paths.*,
        0 as touch_position,
        paths.path as channel,
        1.0e0 as decay_share
    from paths
    where paths.n_touches = 0
)

select
    person_group,
    buyer_kind,
    order_channel,
    path,
    cast(touch_position as bigint) as touch_position,
    channel,
    n_touches,
    cast(count(*) as bigint) as n_paths,
    cast(coalesce(sum(net_amount_reporting), 0) as double) as net_amount_reporting,
    cast(coalesce(sum(decay_share), 0) as double) as decay_orders,
    cast(coalesce(sum(decay_share * net_amount_reporting), 0) as double) as decay_amount_reporting,
    cast({{ var('attribution_lookback_days') }} as bigint) as lookback_days
from spots
group by 1, 2, 3, 4, 5, 6, 7
