-- One row per message received, opened, clicked or unsubscribed from. A run rebuilds the days whose rows differ, as in fct_events.
{{ incremental_by_day('touch_date') }}
{{ config(post_hook="delete from {{ this }} where touch_id is null") }}
with touches as (
    select * from {{ ref('int_campaign_touches') }}
),

campaigns as (
    select * from {{ ref('int_campaigns') }}
),

identity_map as (
    select
        node_id,
        customer_id
    from {{ source('identity', 'int_identity__map') }}
),

rates as (
    select * from {{ ref('dim_fx_rates') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

sends as (
    select
        system,
        campaign_ref,
        count(*) as n_sends
    from touches
    where touch_type = 'send'
    group by 1, 2
),

priced_campaigns as (
    select
        campaigns.system,
        campaigns.campaign_ref,
        campaigns.name,
        campaigns.offer,
        cast(campaigns.cost_amount as double)
        * case when campaigns.currency = run_settings.reporting_currency then 1.0e0 else rates.fx_rate end
        / sends.n_sends as cost_of_a_send
    from campaigns
    cross join run_settings
    left join sends
        on
            campaigns.system = sends.system
            and campaigns.campaign_ref = sends.campaign_ref
    left join rates
        on
            campaigns.currency = rates.currency
            and {{ date_in_zone('campaigns.sent_at', 'run_settings.reporting_time_zone') }} = rates.rate_date
),

mapped as (
    select
        touches.system || ':' || touches.touch_ref as touch_id,
        identity_map.customer_id,
        touches.node_id,
        touches.campaign_ref,
        priced_campaigns.name as campaign_name,
        priced_campaigns.offer,
        touches.touch_type,
        touches.channel,
        touches.touched_at,
        cast(touches.touched_at as date) as touch_date,
        case when touches.touch_type = 'send' then priced_campaigns.cost_of_a_send end as cost_amount_reporting,
        touches._loaded_at
    from touches
    left join identity_map on touches.node_id = identity_map.node_id
    left join priced_campaigns
        on
            touches.system = priced_campaigns.system
            and touches.campaign_ref = priced_campaigns.campaign_ref
)
{%- if is_incremental() %},
{% set compared = ['touch_id', 'customer_id', 'campaign_name', 'offer', 'cost_amount_reporting', '_loaded_at'] %}
days_wanted as ({{ day_fingerprints('mapped', 'touch_date', compared) }}
),

days_held as ({{ day_fingerprints(this, 'touch_date', compared) }}
),

touched_days as (
    select coalesce(days_wanted.touch_date, days_held.touch_date) as touch_date
    from days_wanted
    full join days_held on days_wanted.touch_date = days_held.touch_date
    where
        days_wanted.n_rows is distinct from days_held.n_rows
        or days_wanted.fingerprint is distinct from days_held.fingerprint
)
{%- endif %}

select
    mapped.touch_id,
    mapped.customer_id,
    mapped.node_id,
    mapped.campaign_ref,
    mapped.campaign_name,
    mapped.offer,
    mapped.touch_type,
    mapped.channel,
    mapped.touched_at,
    {{ 'touched_days' if is_incremental() else 'mapped' }}.touch_date,
    mapped.cost_amount_reporting,
    mapped._loaded_at
{%- if is_incremental() %}
from touched_days
left join mapped on touched_days.touch_date = mapped.touch_date
{%- else %}
from mapped
{%- endif %}
