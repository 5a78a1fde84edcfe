-- Law: per person, phase and quarter, stock at the end = stock at the start + entered - advanced - lost + recovered; the stock at the end
-- is the next quarter's at the start, and nobody is twice in a phase at one time.
with flow as (
    select
        *,
        lead(quarter_number) over by_quarter as next_quarter_number,
        lead(n_stock_start) over by_quarter as next_stock_start,
        lag(quarter_number) over by_quarter as previous_quarter_number,
        lag(n_stock_end) over by_quarter as previous_stock_end,
        max(quarter_number) over () as last_quarter_number
    from {{ ref('agg_journey_flow') }}
    window by_quarter as (partition by customer_id, phase order by quarter_number)
)

select
    customer_id,
    phase,
    quarter_number
from flow
where
    n_stock_end <> n_stock_start + n_entered - n_advanced - n_lost + n_recovered
    or n_stock_end > 1
    or n_stock_start > 1
    -- Somebody there at the end is there when the next quarter begins, and the reverse.
    or (
        n_stock_end = 1 and quarter_number < last_quarter_number
        and (next_stock_start is null or next_stock_start <> 1 or next_quarter_number <> quarter_number + 1)
    )
    or (n_stock_start = 1 and (previous_stock_end is null or previous_stock_end <> 1 or previous_quarter_number <> quarter_number - 1))
