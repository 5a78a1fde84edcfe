"""The four-phase decision journey as stocks and flows: who was there, came, went on, was lost, came back, by quarter.

Belongs here: sums, rates and the hiding of small cells over the visits the warehouse has already found, and the share
of repeat orders that skip evaluation (loyalty loop). Stays out: what a phase is and when it is left (models and seeds).

Stock and flow make an identity, so a small stock would follow from the flows of all quarters: where one is hidden, the
recovered of its row, which the identity needs, is hidden with it.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.tables import TABLES

BREAKDOWNS = {name: name for name in ("region", *cells.KEY_SCHEMES)}
FLOWS = ["n_entered", "n_advanced", "n_lost"]
STOCKS = ["n_stock_start", "n_stock_end", "n_recovered"]
LOOP = ["loop_share", "loop_share_lo", "loop_share_hi", "n_repeat_orders"]
AT = ["phase", "phase_order", "breakdown", "group_id", "_quarter"]
BASIS = "visits of the phase that ended in the quarter"
LOYALTY = "loyalty"


def _smallest(columns: list[str]) -> pl.Expr:
    """The smallest count of a row that is not 0: the row is as small as it."""
    return pl.min_horizontal(pl.when(pl.col(name) > 0).then(pl.col(name)) for name in columns).fill_null(0)


def flows(people: pl.DataFrame) -> pl.DataFrame:
    """Sums over the company and each breakdown, by phase and quarter."""
    parts = []
    for shown, column in {cells.COMPANY: None, **BREAKDOWNS}.items():
        group = pl.lit(cells.ALL) if column is None else pl.col(column).cast(pl.String).fill_null(cells.UNKNOWN)
        parts.append(
            people.lazy()
            .group_by("phase", "phase_order", pl.col("quarter_number").alias("_quarter"), group.alias("group_id"))
            .agg(pl.col("is_settled").any(), *(pl.col(name).sum().cast(pl.Int64) for name in (*FLOWS, *STOCKS)))
            .with_columns(pl.lit(shown).alias("breakdown"))
            .select(*AT, "is_settled", *FLOWS, *STOCKS)
        )
    return pl.concat(pl.collect_all(parts))


def loops(orders: pl.DataFrame) -> pl.DataFrame:
    """Repeat orders and those of them without evaluation, in the grid of the flows' loyalty phase."""
    sums = {"n_repeat_orders": pl.len().cast(pl.Int64), "_direct": pl.col("is_direct").sum().cast(pl.Int64)}
    found = cells.totals(orders, BREAKDOWNS, sums, day="order_date").drop_nulls("_quarter")
    share = stats.wilson(found["_direct"].to_numpy(), found["n_repeat_orders"].to_numpy())
    return found.with_columns(
        pl.lit(LOYALTY).alias("phase"),
        pl.col("_quarter").cast(pl.Int64),
        pl.Series("loop_share", share.value, pl.Float64),
        pl.Series("loop_share_lo", share.lo, pl.Float64),
        pl.Series("loop_share_hi", share.hi, pl.Float64),
    ).drop("_direct")


def build_journey_flow(
    *,
    flow: pl.DataFrame,
    orders: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per phase, breakdown, group and quarter in which somebody was in the phase."""
    regions = customers.select("customer_id", "region")

    def grouped(frame: pl.DataFrame) -> pl.DataFrame:
        whose = cells.without_staff(frame, customers).join(regions, on="customer_id", how="left")
        return cells.with_segments(whose, membership)

    rows = (
        flows(grouped(flow))
        .join(loops(grouped(orders)), on=["phase", "breakdown", "group_id", "_quarter"], how="left")
        .with_columns(
            cells.quarter_label(pl.col("_quarter")).alias("period"),
            (pl.col("_quarter") <= cells.last_complete_quarter(as_of)).alias("is_complete"),
            (pl.col("n_advanced") + pl.col("n_lost")).alias("n"),
        )
    )
    went_on = stats.wilson(rows["n_advanced"].to_numpy(), rows["n"].to_numpy())
    rows = rows.with_columns(
        # Who goes on does so soon, who is lost only after the timeout: a log younger than that shows the first alone.
        pl.when("is_settled").then(pl.Series(name, values, pl.Float64).fill_nan(None)).alias(name)
        for name, values in (("value", went_on.value), ("lo", went_on.lo), ("hi", went_on.hi))
    )

    def protect(frame: pl.DataFrame, count: str) -> pl.DataFrame:
        return disclosure.protect(
            frame,
            (count,),
            table_by=("phase", "period"),
            dimension="breakdown",
            group="group_id",
            period=None,
            min_cell=min_cell,
        )

    marked = protect(rows.with_columns(_smallest(FLOWS).alias("_flows")), "_flows")
    # What is hidden already hides its stocks: their companions are chosen beside it.
    stocks = pl.when("hide__flows").then(pl.lit(1, pl.Int64)).otherwise(_smallest(STOCKS)).alias("_stocks")
    marked = protect(protect(marked.with_columns(stocks), "_stocks"), "n_repeat_orders")
    is_hidden = pl.col("hide__flows")
    shown = marked.with_columns(
        *(pl.when(~pl.col("hide__stocks")).then(pl.col(name)).alias(name) for name in STOCKS),
        *(pl.when(~pl.col("hide_n_repeat_orders")).then(pl.col(name)).alias(name) for name in LOOP),
        pl.lit(BASIS).alias("basis"),
    )
    table = TABLES["journey_flow"]
    return table.conform(disclosure.blank(shown, table, is_hidden), as_of=as_of, run_id=run_id)
