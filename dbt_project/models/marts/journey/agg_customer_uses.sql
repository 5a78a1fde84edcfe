-- One row per person, dimension and item: what the person used in the 365 days to as_of. Of channels and product lines the use itself,
-- of offers in messages how many were sent and how many of them clicked, for nobody can take up what was not offered.
with run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

channels as (
    select distinct
        customer_id,
        channel
    from {{ ref('agg_customer_map_steps') }}
    -- Nobody chooses how a parcel comes or that a survey is sent.
    where channel not in ('delivery', 'survey')
),

lines as (
    select distinct
        order_lines.customer_id,
        order_lines.product_line
    from {{ ref('fct_order_lines') }} as order_lines
    cross join run_settings
    where
        order_lines.is_valid
        and order_lines.customer_id is not null
        and order_lines.product_line is not null
        and order_lines.order_date <= run_settings.as_of_date
        and order_lines.order_date > run_settings.as_of_date - interval 365 day
),

messages as (
    select
        touches.customer_id,
        touches.campaign_ref,
        touches.channel,
        max(touches.offer) as offer,
        max(case when touches.touch_type = 'send' then 1 else 0 end) as is_sent,
        max(case when touches.touch_type = 'click' then 1 else 0 end) as is_clicked
    from {{ ref('fct_campaign_touches') }} as touches
    cross join run_settings
    where
        touches.customer_id is not null
        and touches.touch_date <= run_settings.as_of_date
        and touches.touch_date > run_settings.as_of_date - interval 365 day
    group by 1, 2, 3
)

select
    customer_id,
    'channel' as dimension,
    channel as item,
    cast(1 as bigint) as n_uses,
    cast(1 as bigint) as n_chances
from channels
union all
select
    customer_id,
    'product_line' as dimension,
    product_line as item,
    cast(1 as bigint) as n_uses,
    cast(1 as bigint) as n_chances
from lines
union all
select
    customer_id,
    'offer' as dimension,
    coalesce(offer, 'none') as item,
    cast(sum(is_clicked) as bigint) as n_uses,
    cast(count(*) as bigint) as n_chances
from messages
where is_sent = 1
group by 1, 2, 3
