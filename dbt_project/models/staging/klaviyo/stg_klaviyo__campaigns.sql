-- One row per campaign.
with campaigns as (
    {{ deduplicate('klaviyo', 'campaigns') }}
),

staged as (
    select
        'klaviyo' as system,
        id as campaign_ref,
        name,
        lower(channel) as channel,
        offer,
        send_time as sent_at,
        cost_amount,
        coalesce(cost_currency, {{ source_currency('klaviyo', 'campaigns') }}) as currency
    from campaigns
)

select * from staged
