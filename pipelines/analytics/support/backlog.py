"""The stock of open tickets: what was open, what came, what was solved, by quarter, and how many wait on a usual day.

Belongs here: sums and quantiles over the days the warehouse has counted. Stays out: what is open when (the model).

Stock and flow make an identity, so a small stock would follow from the flows: where one is hidden, the reopened of its
row, which the identity needs, is hidden with it. Median and 90th percentile are of days, and count no tickets.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure
from pipelines.analytics.tables import TABLES

BREAKDOWNS = ("region", "channel")
FLOWS = ("n_created", "n_solved")
STOCKS = ("n_opening", "n_reopened", "n_closing")
AT = ["breakdown", "group_id", "_quarter"]


def _smallest(columns: tuple[str, ...]) -> pl.Expr:
    """The smallest count of a row that is not 0: the row is as small as it."""
    return pl.min_horizontal(pl.when(pl.col(name) > 0).then(pl.col(name)) for name in columns).fill_null(0)


def quarters(days: pl.DataFrame, breakdown: str, group: pl.Expr) -> pl.DataFrame:
    """Stock and flow by quarter, and quantiles of what is open when a day ends."""
    daily = (
        days.group_by("calendar_date", group.alias("group_id"))
        .agg(pl.col(*FLOWS, *STOCKS).sum())
        .sort("calendar_date")
        .with_columns(cells.quarter_number("calendar_date").alias("_quarter"), pl.lit(breakdown).alias("breakdown"))
    )
    closing = pl.col("n_closing")
    return daily.group_by(AT).agg(
        pl.col("n_opening").first(),
        pl.col("n_created", "n_reopened", "n_solved").sum(),
        closing.last(),
        closing.quantile(0.5, "linear").alias("open_median"),
        closing.quantile(0.9, "linear").alias("open_p90"),
    )


def build_support_backlog(days: pl.DataFrame, *, as_of: date, run_id: str, min_cell: int) -> pl.DataFrame:
    """One row per breakdown, group and quarter from its first ticket on."""
    parts = {cells.COMPANY: pl.lit(cells.ALL)} | {name: pl.col(name) for name in BREAKDOWNS}
    frame = pl.concat(quarters(days, breakdown, group) for breakdown, group in parts.items()).with_columns(
        cells.quarter_label(pl.col("_quarter")).alias("period"),
        (pl.col("_quarter") <= cells.last_complete_quarter(as_of)).alias("is_complete"),
        _smallest(FLOWS).alias("_flows"),
    )

    def protect(given: pl.DataFrame, count: str) -> pl.DataFrame:
        return disclosure.protect(
            given,
            (count,),
            table_by=("period",),
            dimension="breakdown",
            group="group_id",
            period=None,
            min_cell=min_cell,
        )

    marked = protect(frame, "_flows")
    # What is hidden already hides its stocks: their companions are chosen beside it.
    stocks = pl.when("hide__flows").then(pl.lit(1, pl.Int64)).otherwise(_smallest(STOCKS)).alias("_stocks")
    marked = protect(marked.with_columns(stocks), "_stocks")
    shown = marked.with_columns(pl.when(~pl.col("hide__stocks")).then(pl.col(name)).alias(name) for name in STOCKS)
    table = TABLES["support_backlog"]
    return table.conform(disclosure.blank(shown, table, pl.col("hide__flows")), as_of=as_of, run_id=run_id)
