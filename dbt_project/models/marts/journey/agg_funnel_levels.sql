-- One row per funnel and unit that entered it: how far it got within the window, by the chain that got furthest (the first to do so).
-- The modes are windowFunnel's (methods: S32). At one moment events that are no step come first, then the steps in their order.
--
-- A chain is a unit with an entry step and, where the funnel holds a value constant, that value. Its level is found step by step: the
-- rows of step k carry the start of the latest chain that can still reach them. The start never decreases in time, so the running
-- maximum over the rows before is exact, and each window sees two steps only. Strict modes add the position at which a chain stops.
{%- set max_steps = 8 %}
with cart_spans as (
    select
        cart_id as unit_id,
        coalesce(first_cart_ref, customer_id) as cart_key,
        {{ epoch_us('started_at') }} as started_us,
        {{ epoch_us('lead(started_at) over (partition by coalesce(first_cart_ref, customer_id) order by started_at, cart_id)') }}
            as next_started_us
    from {{ ref('fct_carts') }}
),

session_spans as (
    select
        session_id as unit_id,
        device_ref,
        {{ epoch_us('started_at') }} as started_us,
        {{ epoch_us('ended_at') }} as ended_us
    from {{ ref('fct_sessions') }}
),

units as (
    select
        'cart' as unit,
        cart_id as unit_id,
        customer_id,
        region,
        device_category,
        channel
    from {{ ref('fct_carts') }}
    union all
    select
        'session' as unit,
        session_id as unit_id,
        customer_id,
        region,
        device_category,
        channel
    from {{ ref('fct_sessions') }}
),

definitions as (
    select
        funnel_number,
        funnel_id,
        unit,
        window_seconds * 1000000 as window_us,
        is_strict_order,
        is_strict_deduplication,
        is_strict_increase,
        is_open,
        hold_constant,
        n_steps
    from {{ ref('dim_funnel_steps') }}
    where step_order = 1
),

matches as (
    select * from {{ source('run', 'funnel_matches') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
),

-- What each match needs of the log, so that the log itself is joined once.
rules as (
    select
        matches.*,
        definitions.unit,
        definitions.is_open,
        definitions.is_strict_order,
        definitions.hold_constant,
        run_settings.as_of,
        definitions.is_strict_order
        or definitions.hold_constant is not null
        or coalesce(
            matches.only_channel, matches.only_device_category, matches.only_region, matches.only_product_line, matches.only_system
        ) is not null as is_rich
    from matches
    inner join definitions on matches.funnel_number = definitions.funnel_number
    cross join run_settings
),

matched as (
    {{- funnel_matched(
        ['step', 'exclusion', 'interruption'],
        [
            "case rules.unit when 'session' then events.device_ref when 'cart' then coalesce(events.cart_ref, events.customer_id)"
            ~ " else events.customer_id end as unit_key",
        ],
        {'event_id': 'case when rules.is_strict_order then events.event_id end', 'held_value': funnel_held_value()},
    ) }}
),

located as (
    select
        matched.funnel_number,
        matched.unit_key as unit_id,
        matched.held_value,
        matched.role,
        matched.step_order,
        matched.until_step,
        matched.is_open,
        matched.at_us,
        matched.event_id
    from matched
    where matched.unit = 'customer'
    union all
    select
        matched.funnel_number,
        cart_spans.unit_id as unit_id,
        matched.held_value,
        matched.role,
        matched.step_order,
        matched.until_step,
        matched.is_open,
        matched.at_us,
        matched.event_id
    from matched
    inner join cart_spans
        on
            matched.unit_key = cart_spans.cart_key
            and matched.at_us >= cart_spans.started_us
            and (matched.at_us < cart_spans.next_started_us or cart_spans.next_started_us is null)
    where matched.unit = 'cart'
    union all
    select
        matched.funnel_number,
        session_spans.unit_id as unit_id,
        matched.held_value,
        matched.role,
        matched.step_order,
        matched.until_step,
        matched.is_open,
        matched.at_us,
        matched.event_id
    from matched
    inner join session_spans
        on
            matched.unit_key = session_spans.device_ref
            and matched.at_us >= session_spans.started_us
            and matched.at_us <= session_spans.ended_us
    where matched.unit = 'session'
),

-- A unit enters a closed funnel at its first step and an open one at any. Numbers are lighter to sort by than keys of text.
chains as (
    select
        *,
        row_number() over (order by funnel_number, unit_id, held_value, entry_step) as chain
    from (
        select distinct
            funnel_number,
            unit_id,
            held_value,
            step_order as entry_step
        from located
        where
            role = 'step'
            and (step_order = 1 or is_open)
    ) as entries
),

ruled_chains as (
    select
        chains.chain,
        chains.entry_step,
        chains.funnel_number,
        chains.unit_id,
        coalesce(chains.held_value, '') as held_key,
        definitions.window_us,
        definitions.n_steps,
        definitions.is_strict_order,
        definitions.is_strict_deduplication,
        definitions.is_strict_increase
    from chains
    inner join definitions on chains.funnel_number = definitions.funnel_number
),

steps as (
    select
        ruled_chains.chain,
        ruled_chains.entry_step,
        located.step_order,
        located.at_us,
        ruled_chains.window_us,
        ruled_chains.is_strict_increase,
        ruled_chains.is_strict_order or ruled_chains.is_strict_deduplication as is_stoppable
    from located
    inner join ruled_chains
        on
            located.funnel_number = ruled_chains.funnel_number
            and located.unit_id = ruled_chains.unit_id
            and coalesce(located.held_value, '') = ruled_chains.held_key
    where
        located.role = 'step'
        and located.step_order >= ruled_chains.entry_step
),

reached_1 as (
    select
        chain,
        at_us,
        at_us as start_us
    from steps
    where
        entry_step = 1
        and step_order = 1
),
{% for step in range(2, max_steps + 1) %}
chained_{{ step }} as (
    select
        chain,
        at_us,
        step_order,
        window_us,
        is_strict_increase,
        max(start_us) over before_it as start_us,
        max(reached_us) over before_it as previous_us
    from (
        select
            chain,
            at_us,
            {{ step - 1 }} as step_order,
            cast(null as bigint) as window_us,
            false as is_strict_increase,
            start_us,
            at_us as reached_us
        from reached_{{ step - 1 }}
        union all
        select
            chain,
            at_us,
            step_order,
            window_us,
            is_strict_increase,
            cast(null as bigint) as start_us,
            cast(null as bigint) as reached_us
        from steps
        where
            step_order = {{ step }}
            and entry_step < {{ step }}
    ) as two_steps
    window before_it as (partition by chain order by at_us, step_order rows between unbounded preceding and current row)
),

reached_{{ step }} as (
    select
        chain,
        at_us,
        start_us
    from chained_{{ step }}
    where
        step_order = {{ step }}
        and at_us <= start_us + window_us
        and (not is_strict_increase or at_us > previous_us)
    union all
    select
        chain,
        at_us,
        at_us as start_us
    from steps
    where
        entry_step = {{ step }}
        and step_order = {{ step }}
),
{% endfor %}
-- Starts do not decrease in time, so the earliest start of a level belongs to its earliest row.
firsts as (
    {%- for step in range(1, max_steps + 1) %}
    select
        chain,
        {{ step }} as step_order,
        min(at_us) as reached_us,
        min(start_us) as start_us
    from reached_{{ step }}
    group by chain
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

entries as (
    select
        ruled_chains.*,
        firsts.reached_us as first_us
    from ruled_chains
    inner join firsts
        on
            ruled_chains.chain = firsts.chain
            and ruled_chains.entry_step = firsts.step_order
    where
        ruled_chains.is_strict_order
        or ruled_chains.is_strict_deduplication
),

-- strict_order: an event that is no step, after the entry.
strays as (
    select
        entries.chain,
        located.funnel_number,
        located.event_id,
        {{ funnel_position('located.at_us', '0') }} as position
    from located
    inner join entries
        on
            located.funnel_number = entries.funnel_number
            and located.unit_id = entries.unit_id
            and coalesce(located.held_value, '') = entries.held_key
            and located.at_us > entries.first_us
    where located.role = 'interruption'
),

listed_events as (
    select distinct
        funnel_number,
        event_id
    from located
    where
        role = 'step'
        and event_id is not null
),

-- strict_order: a step whose step before was not reached yet. strict_deduplication: a step after it was reached. The first step may be
-- repeated in both: the chain then starts anew.
step_stops as (
    select
        steps.chain,
        entries.is_strict_order,
        entries.is_strict_deduplication,
        steps.step_order,
        steps.at_us,
        before_it.reached_us as before_us,
        same_step.reached_us as same_us,
        row_number() over (partition by steps.chain, steps.step_order, steps.at_us order by steps.window_us) as twin
    from steps
    inner join entries on steps.chain = entries.chain
    left join firsts as before_it
        on
            steps.chain = before_it.chain
            and steps.step_order = before_it.step_order + 1
    left join firsts as same_step
        on
            steps.chain = same_step.chain
            and steps.step_order = same_step.step_order
    where
        steps.is_stoppable
        and steps.step_order > entries.entry_step
        and steps.at_us >= entries.first_us
),

stops as (
    select
        chain,
        min(position) as position
    from (
        select
            chain,
            position
        from strays
        left join listed_events
            on
                strays.funnel_number = listed_events.funnel_number
                and strays.event_id = listed_events.event_id
        where listed_events.event_id is null
        union all
        select
            chain,
            {{ funnel_position('at_us', 'step_order') }} as position
        from step_stops
        where
            is_strict_order
            and (before_us is null or at_us < before_us)
        union all
        select
            chain,
            {{ funnel_position('at_us', 'step_order') }} + 1 as position
        from step_stops
        where
            is_strict_deduplication
            and (at_us > same_us or (at_us = same_us and twin > 1))
    ) as found
    group by chain
),

levels as (
    select
        firsts.chain,
        max(firsts.step_order) as level,
        max_by(firsts.start_us, firsts.step_order) as entered_us
    from firsts
    left join stops on firsts.chain = stops.chain
    where {{ funnel_position('firsts.reached_us', 'firsts.step_order') }} < coalesce(stops.position, 9223372036854775807)
    group by 1
),

-- A unit counts once: by the chain that got furthest, of those the longest, then the first.
counted as (
    select *
    from (
        select
            ruled_chains.*,
            levels.level,
            levels.entered_us,
            row_number() over (
                partition by ruled_chains.funnel_number, ruled_chains.unit_id
                order by levels.level desc, ruled_chains.entry_step, levels.entered_us, ruled_chains.chain
            ) as unit_rank
        from levels
        inner join ruled_chains on levels.chain = ruled_chains.chain
    ) as ranked
    where unit_rank = 1
),

-- Times of the steps: from the entry each step as early as it can be.
times_1 as (
    select
        chain,
        entry_step,
        level,
        entered_us,
        window_us,
        case when is_strict_increase then 1 else 0 end as least_gap_us,
        entered_us as reached_us,
        case when entry_step = 1 then entered_us end as step_1_us
    from counted
),
{% for step in range(2, max_steps + 1) %}
times_{{ step }} as (
    select
        times.chain,
        times.entry_step,
        times.level,
        times.entered_us,
        times.window_us,
        times.least_gap_us,
        coalesce(found.step_us, times.reached_us) as reached_us,
        {%- for before in range(1, step) %}
        times.step_{{ before }}_us,
        {%- endfor %}
        coalesce(found.step_us, case when times.entry_step = {{ step }} then times.entered_us end) as step_{{ step }}_us
    from times_{{ step - 1 }} as times
    left join (
        select
            earlier.chain,
            min(steps.at_us) as step_us
        from times_{{ step - 1 }} as earlier
        inner join steps
            on
                earlier.chain = steps.chain
                and steps.at_us >= earlier.reached_us + earlier.least_gap_us
                and steps.at_us <= earlier.entered_us + earlier.window_us
        where
            earlier.level >= {{ step }}
            and earlier.entry_step < {{ step }}
            and steps.step_order = {{ step }}
        group by 1
    ) as found on times.chain = found.chain
),
{% endfor %}
-- An exclusion lies between two steps, at the moment of neither; where the later one was not reached, up to the end of the window.
-- One expression of all the comparisons: apart, a planner may join by one of them instead of by the unit.
excluded as (
    select distinct counted.chain
    from located
    inner join counted
        on
            located.funnel_number = counted.funnel_number
            and located.unit_id = counted.unit_id
            and coalesce(located.held_value, '') = counted.held_key
    inner join times_{{ max_steps }} as times on counted.chain = times.chain
    where
        located.role = 'exclusion'
        and case
            when times.level < located.step_order or times.entry_step >= located.until_step then false
            when
                located.at_us <= case greatest(located.step_order, times.entry_step)
                    {%- for step in range(1, max_steps + 1) %}
                    when {{ step }} then times.step_{{ step }}_us
                    {%- endfor %}
                end
                then false
            when times.level < located.until_step then located.at_us <= times.entered_us + times.window_us
            else located.at_us < case located.until_step
                {%- for step in range(2, max_steps + 1) %}
                when {{ step }} then times.step_{{ step }}_us
                {%- endfor %}
            end
        end
),

-- Several first steps at the same moment: their attributes are told apart by name only.
entry_events as (
    {{- funnel_matched(['step'], ['events.customer_id', 'events.region', 'events.device_category', 'events.channel']) }}
),

customer_entries as (
    select
        entry_events.unit,
        counted.chain,
        min(entry_events.region) as region,
        min(entry_events.device_category) as device_category,
        min(entry_events.channel) as channel
    from counted
    inner join entry_events
        on
            counted.funnel_number = entry_events.funnel_number
            and counted.unit_id = entry_events.customer_id
            and counted.entry_step = entry_events.step_order
            and counted.entered_us = entry_events.at_us
    where entry_events.unit = 'customer'
    group by 1, 2
)

select
    definitions.funnel_id,
    definitions.unit,
    counted.unit_id,
    coalesce(units.customer_id, counted.unit_id) as customer_id,
    chains.held_value,
    {{ timestamp_from_epoch_us('counted.entered_us') }} as entered_at,
    {{ date_in_zone(timestamp_from_epoch_us('counted.entered_us'), 'run_settings.reporting_time_zone') }} as entered_date,
    cast(counted.entry_step as integer) as entry_step,
    counted.level,
    {%- for step in range(2, max_steps + 1) %}
    {{ timestamp_from_epoch_us('times.step_' ~ step ~ '_us') }} as step_{{ step }}_at,
    {%- endfor %}
    coalesce(units.region, customer_entries.region) as region,
    coalesce(units.device_category, customer_entries.device_category) as device_category,
    coalesce(units.channel, customer_entries.channel) as channel,
    excluded.chain is not null as is_excluded,
    {{ timestamp_from_epoch_us('counted.entered_us + counted.window_us') }} <= run_settings.as_of as is_mature
from counted
inner join definitions on counted.funnel_number = definitions.funnel_number
inner join chains on counted.chain = chains.chain
inner join times_{{ max_steps }} as times on counted.chain = times.chain
cross join run_settings
left join excluded on counted.chain = excluded.chain
left join units
    on
        definitions.unit = units.unit
        and counted.unit_id = units.unit_id
left join customer_entries
    on
        definitions.unit = customer_entries.unit
        and counted.chain = customer_entries.chain
