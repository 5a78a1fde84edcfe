"""Support in numbers: how often people need help, how fast it comes, and whether it helps.

Belongs here: rates, shares and times of tickets by breakdown and quarter of opening. Stays out: what is in the tickets,
promises (``policies``), the stock of open tickets (``backlog``) and agents (``agents``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.support.times import CLOCKS, DURATIONS, QUANTILES, survival_quantiles, timed
from pipelines.analytics.tables import TABLES

BREAKDOWNS = {name: name for name in ("region", "division", "product_line", "channel", "topic", *cells.KEY_SCHEMES)}
ORDER_COLUMNS = {
    "region": "region",
    "division": "main_division",
    "product_line": "main_product_line",
    **{scheme: scheme for scheme in cells.KEY_SCHEMES},
}
"""Where an order shows the breakdown of a ticket. The channel of a ticket is not the channel of an order, and no order
has a topic: tickets about a topic are held against all orders."""

AT = ["breakdown", "group_id", "_quarter"]


@dataclass(frozen=True)
class Share:
    """``counted`` of the tickets in ``base``."""

    measure: str
    base: pl.Expr
    counted: pl.Expr
    basis: str


EVERY = pl.lit(value=True)
SOLVED = pl.col("solved_at").is_not_null()
SHARES = (
    Share("one_touch_share", SOLVED, pl.col("is_one_touch").fill_null(value=False), "solved tickets"),
    Share("reopen_share", SOLVED, pl.col("n_reopens").fill_null(0) > 0, "solved tickets"),
    Share(
        "first_contact_resolution_share",
        pl.col("is_first_contact_resolution").is_not_null(),
        pl.col("is_first_contact_resolution"),
        "first contacts about a topic",
    ),
    Share("repeat_contact_share", EVERY, pl.col("is_repeat_contact"), "tickets opened"),
    Share("channel_switch_share", EVERY, pl.col("is_channel_switch"), "tickets opened"),
    Share("transfer_share", pl.col("n_stations").is_not_null(), pl.col("n_stations") > 1, "tickets opened"),
    Share("out_of_hours_share", pl.col("is_out_of_hours").is_not_null(), pl.col("is_out_of_hours"), "tickets opened"),
    Share("csat_good_share", pl.col("rating").is_not_null(), pl.col("rating") == "good", "rated tickets"),
)


def share_rows(tickets: pl.DataFrame, share: Share) -> pl.DataFrame:
    """One share with its Wilson interval by breakdown, group and quarter."""
    sums = {"n": pl.len().cast(pl.Int64), "counted": share.counted.sum().cast(pl.Int64)}
    frame = cells.totals(tickets.filter(share.base), BREAKDOWNS, sums, day="opened_date")
    found = stats.wilson(frame["counted"].to_numpy(), frame["n"].to_numpy())
    return _labelled(_with_interval(frame, found), share.measure, clock="none", unit="share", basis=share.basis)


def contact_rows(tickets: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Tickets per 100 orders of the same period with the exact Poisson interval; n counts the orders.

    Orders count from the day of the first ticket on: before it nobody recorded tickets, and no rate is no zero.
    """
    first = pl.lit(tickets.select(pl.col("opened_date").min()).item(), pl.Date)
    orders = orders.filter(pl.col("order_date") >= first)
    count = {"tickets": pl.len().cast(pl.Int64)}
    opened = cells.totals(tickets, {name: name for name in (*ORDER_COLUMNS, "topic")}, count, day="opened_date")
    placed = cells.totals(orders.filter("is_valid"), ORDER_COLUMNS, {"n": pl.len().cast(pl.Int64)}, day="order_date")
    company = placed.filter(pl.col("breakdown") == cells.COMPANY).select("_quarter", "n")
    topics = opened.filter(pl.col("breakdown") == "topic").select("breakdown", "group_id").unique()
    placed = pl.concat([placed, topics.join(company, how="cross").select(placed.columns)])
    frame = placed.join(opened, on=AT, how="left", nulls_equal=True).with_columns(pl.col("tickets").fill_null(0))
    found = stats.poisson_rate(frame["tickets"].to_numpy(), frame["n"].to_numpy() / 100)
    return _labelled(
        _with_interval(frame, found),
        "tickets_per_100_orders",
        clock="none",
        unit="tickets per 100 orders",
        basis="tickets opened / orders placed in the period",
    )


def _with_interval(frame: pl.DataFrame, found: stats.Interval) -> pl.DataFrame:
    return frame.with_columns(pl.Series(name, getattr(found, name), pl.Float64) for name in ("value", "lo", "hi"))


def _labelled(frame: pl.DataFrame, measure: str, *, clock: str, unit: str, basis: str) -> pl.DataFrame:
    labels = {"measure": measure, "clock": clock, "unit": unit, "basis": basis}
    tickets = pl.col("tickets") if "tickets" in frame.columns else pl.lit(None, pl.Int64)
    return frame.select(
        *AT,
        "n",
        tickets.alias("tickets"),
        pl.col("value", "lo", "hi").cast(pl.Float64).fill_nan(None),
        *(pl.lit(text).alias(name) for name, text in labels.items()),
    )


def groups(tickets: pl.DataFrame, *values: str) -> Iterator[pl.DataFrame]:
    """Every breakdown by quarter, then over all: breakdown, group_id, _quarter (null = all) and ``values``."""

    def part(shown: str, group: pl.Expr, quarter: pl.Expr) -> pl.DataFrame:
        named = (pl.lit(shown).alias("breakdown"), group.alias("group_id"), quarter.alias("_quarter"))
        return tickets.select(*named, *values)

    parts = {cells.COMPANY: pl.lit(cells.ALL)} | {
        shown: pl.col(column).cast(pl.String).fill_null(cells.UNKNOWN) for shown, column in BREAKDOWNS.items()
    }
    for quarter in (cells.quarter_number("opened_date"), pl.lit(None, pl.Int32)):
        yield pl.concat(part(shown, group, quarter) for shown, group in parts.items())


def time_rows(tickets: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Median and p90 of every time on every clock."""
    for duration in DURATIONS:
        for clock in CLOCKS:
            for part in groups(timed(tickets, duration, clock), "_minutes", "_done"):
                found = survival_quantiles(part, AT)
                for name in QUANTILES:
                    ends = (pl.col(f"{name}_{end}").alias(end) for end in ("value", "lo", "hi"))
                    yield _labelled(
                        found.select(*AT, "n", *ends),
                        f"{duration.measure}_{name}",
                        clock=clock,
                        unit="minutes",
                        basis=duration.basis,
                    )


def with_common_topics(tickets: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """Topics fewer than min_cell tickets are about become ``other``: what a desk types may name a person."""
    is_common = pl.len().over("topic") >= min_cell
    return tickets.with_columns(
        pl.when(pl.col("topic").is_null() | is_common).then("topic").otherwise(pl.lit("other")).alias("topic")
    )


def build_support_kpis(
    *,
    tickets: pl.DataFrame,
    orders: pl.DataFrame,
    customers: pl.DataFrame,
    products: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per measure, clock, breakdown, group and period of opening (for contacts: of the period)."""
    asked = with_common_topics(cells.without_staff(tickets, customers), min_cell)
    opened = cells.with_segments(asked, membership)
    placed = cells.with_segments(cells.without_staff(orders, customers), membership)
    frame = pl.concat(
        (
            contact_rows(opened, placed),
            *(share_rows(opened, share) for share in SHARES),
            *time_rows(opened),
        )
    )
    marked = disclosure.protect(
        frame.with_columns(cells.quarter_label(pl.col("_quarter")).alias("period")),
        ("n", "tickets"),
        table_by=("measure", "clock"),
        dimension="breakdown",
        group="group_id",
        period="period",
        min_cell=min_cell,
        parents=cells.parents_of(products),
    )
    table = TABLES["support_kpis"]
    blanked = disclosure.blank(marked, table, pl.col("hide_n") | pl.col("hide_tickets"))
    return table.conform(blanked, as_of=as_of, run_id=run_id)
