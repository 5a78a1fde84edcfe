-- One row per entry channel with a campaign in the twelve months to as_of: what its campaigns cost.
with campaigns as (
    select
        campaigns.campaign_ref,
        coalesce(entry_channels.entry_channel, 'other') as channel,
        campaigns.cost_amount,
        campaigns.currency,
        run_settings.reporting_currency,
        run_settings.as_of_date,
        {{ date_in_zone('campaigns.sent_at', 'run_settings.reporting_time_zone') }} as sent_date
    from {{ ref('int_campaigns') }} as campaigns
    cross join {{ source('run', 'run_settings') }} as run_settings
    left join {{ ref('entry_channels') }} as entry_channels on campaigns.channel = entry_channels.medium
),

rates as (
    select * from {{ ref('dim_fx_rates') }}
),

priced as (
    select
        campaigns.channel,
        case when campaigns.currency = campaigns.reporting_currency then 1.0e0 else rates.fx_rate end as fx_rate,
        campaigns.cost_amount
    from campaigns
    left join rates
        on
            campaigns.currency = rates.currency
            and campaigns.sent_date = rates.rate_date
    where
        campaigns.sent_date > campaigns.as_of_date - interval 12 month
        and campaigns.sent_date <= campaigns.as_of_date
)

select
    channel,
    count(*) as n_campaigns,
    count(*) filter (where cost_amount is null or fx_rate is null) as n_campaigns_without_cost,
    cast(sum({{ in_reporting_currency('cost_amount', 'fx_rate') }}) as decimal(18, 4)) as spend_amount_reporting
from priced
group by 1
