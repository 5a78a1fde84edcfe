"""Support in numbers: how often people need help, how fast it comes, and whether it helps.

Belongs here: rates and times of tickets by breakdown and quarter of opening. Stays out: what is in the tickets.

Times are skewed beyond any mean: median and 90th percentile, each on its clock (calendar or business). Resolution on
the calendar clock counts open tickets as not resolved yet (Kaplan-Meier), because leaving them out makes a backlog
look like speed; the business clock is known for solved tickets only. ``basis`` says which.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.tables import TABLES

BREAKDOWNS = {name: name for name in ("region", "division", "product_line", "channel", *cells.KEY_SCHEMES)}
ORDER_COLUMNS = {
    "region": "region",
    "division": "main_division",
    "product_line": "main_product_line",
    **{scheme: scheme for scheme in cells.KEY_SCHEMES},
}
"""Where an order shows the breakdown of a ticket; the channel of a ticket is not the channel of an order."""

AT = ["breakdown", "group_id", "_quarter"]
SURVIVAL_SCHEMA = {
    "breakdown": pl.String(),
    "group_id": pl.String(),
    "_quarter": pl.Int32(),
    "n": pl.Int64(),
    "value": pl.Float64(),
    "lo": pl.Float64(),
    "hi": pl.Float64(),
    "_name": pl.String(),
}


@dataclass(frozen=True)
class Share:
    """``counted`` of the tickets in ``base``."""

    measure: str
    base: pl.Expr
    counted: pl.Expr
    basis: str


SOLVED = pl.col("solved_at").is_not_null()
SHARES = (
    Share("one_touch_share", SOLVED, pl.col("is_one_touch").fill_null(value=False), "solved tickets"),
    Share("reopen_share", SOLVED, pl.col("n_reopens").fill_null(0) > 0, "solved tickets"),
    Share("repeat_contact_share", pl.lit(value=True), pl.col("is_repeat_contact"), "tickets opened"),
    Share("csat_good_share", pl.col("rating").is_not_null(), pl.col("rating") == "good", "rated tickets"),
)


@dataclass(frozen=True)
class Duration:
    """A time in minutes on a clock."""

    measure: str
    clock: str
    minutes: str
    basis: str


DURATIONS = (
    Duration("first_reply", "calendar", "first_reply_minutes_calendar", "replied tickets"),
    Duration("first_reply", "business", "first_reply_minutes_business", "replied tickets"),
    Duration("resolution", "business", "resolution_minutes_business", "solved tickets"),
)
QUANTILES = {"median": 0.5, "p90": 0.9}


def share_rows(tickets: pl.DataFrame, share: Share) -> pl.DataFrame:
    """One share with its Wilson interval by breakdown, group and quarter."""
    sums = {"n": pl.len().cast(pl.Int64), "counted": share.counted.sum().cast(pl.Int64)}
    frame = cells.totals(tickets.filter(share.base), BREAKDOWNS, sums, day="opened_date")
    found = stats.wilson(frame["counted"].to_numpy(), frame["n"].to_numpy())
    return _labelled(_with_interval(frame, found), share.measure, clock="none", unit="share", basis=share.basis)


def contact_rows(tickets: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Tickets per 100 orders of the same period with the exact Poisson interval; n counts the orders."""
    opened = cells.totals(
        tickets, {name: name for name in ORDER_COLUMNS}, {"tickets": pl.len().cast(pl.Int64)}, day="opened_date"
    )
    placed = cells.totals(orders.filter("is_valid"), ORDER_COLUMNS, {"n": pl.len().cast(pl.Int64)}, day="order_date")
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
    """The tickets once per breakdown and kind of period: breakdown, group_id, _quarter (null = all) and ``values``."""
    for shown, column in {cells.COMPANY: None, **BREAKDOWNS}.items():
        group = pl.lit(cells.ALL) if column is None else pl.col(column).cast(pl.String).fill_null(cells.UNKNOWN)
        for quarter in (cells.quarter_number("opened_date"), pl.lit(None, pl.Int32)):
            yield tickets.select(
                pl.lit(shown).alias("breakdown"), group.alias("group_id"), quarter.alias("_quarter"), *values
            )


def quantile_rows(tickets: pl.DataFrame, duration: Duration) -> Iterator[pl.DataFrame]:
    """Median and p90 of a time among the tickets that have it, with distribution-free intervals (order statistics)."""
    known = tickets.filter(pl.col(duration.minutes).is_not_null()).rename({duration.minutes: "_minutes"})
    for part in groups(known, "_minutes"):
        ranked = part.sort("_minutes").with_columns(pl.int_range(1, pl.len() + 1).over(AT).alias("_rank"))
        counted = ranked.group_by(AT).agg(pl.len().cast(pl.Int64).alias("n"))
        for name, q in QUANTILES.items():
            lo, hi = stats.quantile_ranks(counted["n"].to_numpy(), q)
            ends = counted.with_columns(pl.Series("_lo", lo, pl.Int64), pl.Series("_hi", hi, pl.Int64))
            minutes, rank = pl.col("_minutes"), pl.col("_rank")
            rows = (
                ranked.join(ends, on=AT, nulls_equal=True)
                .group_by(AT)
                .agg(
                    pl.col("n").first(),
                    minutes.quantile(q, "linear").alias("value"),
                    minutes.filter(rank == pl.col("_lo")).first().alias("lo"),
                    minutes.filter(rank == pl.col("_hi")).first().alias("hi"),
                )
            )
            measure = f"{duration.measure}_{name}"
            yield _labelled(rows, measure, clock=duration.clock, unit="minutes", basis=duration.basis)


def resolution_rows(tickets: pl.DataFrame, as_of: date) -> Iterator[pl.DataFrame]:
    """Median and p90 of the calendar resolution time by Kaplan-Meier, open tickets censored at the end of as_of.

    The quantile or an end of its interval is null where too many tickets are still open to tell.
    """
    end = datetime.combine(as_of + timedelta(days=1), time())
    minutes = pl.col("resolution_minutes_calendar")
    is_solved = minutes.is_not_null() & ~pl.col("is_open")
    waiting = (pl.lit(end) - pl.col("opened_at")).dt.total_seconds() / 60
    timed = tickets.with_columns(
        is_solved.alias("_solved"),
        pl.when(is_solved).then(minutes).otherwise(waiting).clip(lower_bound=0).alias("_minutes"),
    )
    for part in groups(timed, "_minutes", "_solved"):
        rows: list[dict[str, object]] = []
        for key, group in part.partition_by(AT, as_dict=True).items():
            curve = stats.kaplan_meier(group["_minutes"].to_numpy(), group["_solved"].to_numpy())
            for name, q in QUANTILES.items():
                value, lo, hi = stats.survival_quantile(curve, q)
                row = dict(zip(AT, key, strict=True)) | {"n": group.height, "value": value, "lo": lo, "hi": hi}
                rows.append(row | {"_name": name})
        frame = pl.DataFrame(rows, schema=SURVIVAL_SCHEMA)
        for name in QUANTILES:
            yield _labelled(
                frame.filter(pl.col("_name") == name),
                f"resolution_{name}",
                clock="calendar",
                unit="minutes",
                basis="all tickets, open ones not resolved yet",
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
    opened = cells.with_segments(cells.without_staff(tickets, customers), membership)
    placed = cells.with_segments(cells.without_staff(orders, customers), membership)
    frame = pl.concat(
        (
            contact_rows(opened, placed),
            *(share_rows(opened, share) for share in SHARES),
            *(rows for duration in DURATIONS for rows in quantile_rows(opened, duration)),
            *resolution_rows(opened, as_of),
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
