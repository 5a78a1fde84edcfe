-- One row per currency and day: what one unit is worth in the reporting currency.
with rates as (
    select * from {{ ref('fx_rates') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

periods as (
    select
        currency,
        rate_date,
        eur_per_unit,
        lead(rate_date) over (partition by currency order by rate_date) as next_rate_date
    from rates
),

-- The last rate holds for another year after it was set or after the run's last day, whichever is later.
daily as (
    select
        periods.currency,
        {{ days_between(
            'periods.rate_date',
            "coalesce(periods.next_rate_date - interval 1 day, greatest(periods.rate_date, run_settings.as_of_date) + interval 366 day)"
        ) }} as rate_date,
        periods.eur_per_unit
    from periods
    cross join run_settings
),

reporting as (
    select
        daily.currency,
        daily.rate_date,
        daily.eur_per_unit / reporting_rates.eur_per_unit as fx_rate
    from daily
    cross join run_settings
    inner join daily as reporting_rates
        on
            run_settings.reporting_currency = reporting_rates.currency
            and daily.rate_date = reporting_rates.rate_date
    where daily.currency <> run_settings.reporting_currency
)

select
    currency,
    rate_date,
    cast(fx_rate as double) as fx_rate
from reporting
