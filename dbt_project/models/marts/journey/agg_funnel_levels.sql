-- One row per funnel and unit that entered it: how far it got within the window, by the chain that got furthest (the first to do so).
-- The modes are windowFunnel's (methods: S32). At one moment events that are no step come first, then the steps in their order. The levels
-- and the times of the steps are found in the models of the folder funnels; here they get their names.
{%- set max_steps = 8 %}
with definitions as (
    select
        funnel_number,
        funnel_id,
        unit
    from {{ ref('dim_funnel_steps') }}
    where step_order = 1
),

levels as (
    select * from {{ ref('funnel_levels') }}
),

times as (
    select * from {{ ref('funnel_times') }}
),

units as (
    select * from {{ ref('funnel_units') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

exclusions as (
    {{- funnel_events(['exclusion']) }}
),

-- An exclusion lies between two steps, at the moment of neither; where the later one was not reached, up to the end of the window.
-- One expression of all the comparisons: apart, a planner may join by one of them instead of by the unit.
excluded as (
    select distinct levels.chain
    from exclusions
    inner join levels
        on
            exclusions.funnel_number = levels.funnel_number
            and exclusions.unit_number = levels.unit_number
            and coalesce(exclusions.held_value, '') = coalesce(levels.held_value, '')
    left join times on levels.chain = times.chain
    where
        case
            when levels.level < exclusions.step_order or levels.entry_step >= exclusions.until_step then false
            when
                exclusions.at_us <= case
                    when levels.entry_step >= exclusions.step_order then levels.entered_us
                    {%- for step in range(2, max_steps + 1) %}
                    when exclusions.step_order = {{ step }} then times.step_{{ step }}_us
                    {%- endfor %}
                end
                then false
            when levels.level < exclusions.until_step then exclusions.at_us <= levels.entered_us + levels.window_us
            else exclusions.at_us < case exclusions.until_step
                {%- for step in range(2, max_steps + 1) %}
                when {{ step }} then times.step_{{ step }}_us
                {%- endfor %}
            end
        end
),

-- Several first steps of a person at the same moment: their attributes are told apart by name only.
persons as (
    select
        levels.chain,
        min(places.region) as region,
        min(places.device_category) as device_category,
        min(places.channel) as channel
    from levels
    inner join definitions on levels.funnel_number = definitions.funnel_number
    inner join {{ ref('funnel_steps') }} as entries
        on
            levels.chain = entries.chain
            and levels.entered_us = entries.at_us
    inner join {{ ref('funnel_places') }} as places on entries.place_number = places.place_number
    where
        definitions.unit = 'customer'
        and entries.until_us is not null
    group by 1
),

-- The date in a zone costs as much as the rest of a row: it is looked up once for each quarter of an hour, where dates and offsets change.
quarters as (
    select distinct cast(floor(entered_us / 900000000.0) as bigint) as quarter
    from levels
),

quarter_dates as (
    select
        quarters.quarter,
        {{ date_in_zone(timestamp_from_epoch_us('quarters.quarter * 900000000'), 'run_settings.reporting_time_zone') }} as entered_date
    from quarters
    cross join run_settings
)

select
    definitions.funnel_id,
    definitions.unit,
    units.unit_id,
    units.customer_id,
    levels.held_value,
    {{ timestamp_from_epoch_us('levels.entered_us') }} as entered_at,
    quarter_dates.entered_date,
    levels.entry_step,
    levels.level,
    {%- for step in range(2, max_steps + 1) %}
    {{ timestamp_from_epoch_us(
        'coalesce(times.step_' ~ step ~ '_us, case when levels.entry_step = ' ~ step ~ ' then levels.entered_us end)'
    ) }} as step_{{ step }}_at,
    {%- endfor %}
    coalesce(units.region, persons.region) as region,
    coalesce(units.device_category, persons.device_category) as device_category,
    coalesce(units.channel, persons.channel) as channel,
    excluded.chain is not null as is_excluded,
    {{ timestamp_from_epoch_us('levels.entered_us + levels.window_us') }} <= run_settings.as_of as is_mature
from levels
inner join definitions on levels.funnel_number = definitions.funnel_number
inner join units
    on
        definitions.unit = units.unit
        and levels.unit_number = units.unit_number
inner join quarter_dates on cast(floor(levels.entered_us / 900000000.0) as bigint) = quarter_dates.quarter
cross join run_settings
left join times on levels.chain = times.chain
left join excluded on levels.chain = excluded.chain
left join persons on levels.chain = persons.chain
