-- One row per person, cart and session that a funnel may be about, with the number it goes by and, but for persons, the time in which an
-- event of its key is its own: of a cart until the next cart of the key begins. What no funnel is about is not read.
with persons as (
    select distinct customer_id
    from {{ ref('fct_events') }}
    where
        customer_id is not null
        and not is_bot
        and not is_staff
        and exists (select 1 from {{ ref('dim_funnel_steps') }} where unit = 'customer')
),

carts as (
    select
        cart_id,
        coalesce(first_cart_ref, customer_id) as cart_key,
        customer_id,
        region,
        device_category,
        channel,
        {{ epoch_us('started_at') }} as started_us
    from {{ ref('fct_carts') }}
    where exists (select 1 from {{ ref('dim_funnel_steps') }} where unit = 'cart')
),

sessions as (
    select
        session_id,
        device_ref,
        customer_id,
        region,
        device_category,
        channel,
        {{ epoch_us('started_at') }} as started_us,
        {{ epoch_us('ended_at') }} as ended_us
    from {{ ref('fct_sessions') }}
    where exists (select 1 from {{ ref('dim_funnel_steps') }} where unit = 'session')
),

spans as (
    select
        'customer' as unit,
        customer_id as unit_id,
        customer_id as unit_key,
        cast(null as bigint) as started_us,
        cast(null as bigint) as until_us,
        customer_id,
        cast(null as string) as region,
        cast(null as string) as device_category,
        cast(null as string) as channel
    from persons
    union all
    select
        'cart' as unit,
        cart_id as unit_id,
        cart_key as unit_key,
        started_us,
        coalesce(lead(started_us) over (partition by cart_key order by started_us, cart_id) - 1, 9223372036854775807) as until_us,
        customer_id,
        region,
        device_category,
        channel
    from carts
    union all
    select
        'session' as unit,
        session_id as unit_id,
        device_ref as unit_key,
        started_us,
        ended_us as until_us,
        customer_id,
        region,
        device_category,
        channel
    from sessions
)

select
    unit,
    {{ key_number(['unit_id']) }} as unit_number,
    unit_id,
    unit_key,
    started_us,
    until_us,
    customer_id,
    region,
    device_category,
    channel
from spans
