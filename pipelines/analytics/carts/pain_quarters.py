"""How often each pain was met, quarter by quarter, and whether it grows.

Belongs here: shares by quarter and their slope. Stays out: what a pain costs (pains.py), who meets one (pain_units.py).

Units count as soon as it is known whether they met the pain: nothing waits here for what is lost, so the last quarter
that is over is told of every kind, though of orders within 30 days of its end only those known to have met it or not.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts.pain_ranges import CELL, ENOUGH, PAIN
from pipelines.analytics.carts.pain_units import Met, known_units
from pipelines.analytics.tables import TABLES

SHOWN_QUARTERS = 8
SLOPE_QUARTERS = 4
COUNTS = ("n", "n_affected")

BASES = {
    "cart": "carts that got that far",
    "site": "visits with a checkout",
    "support": "orders 30 days old",
    "delivery": "deliveries with a promise, 30 days old",
    "review": "reviews of it",
}
"""What the units of each kind are."""


def with_urgency(frame: pl.DataFrame, quarters: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Add the slope of the frequency over the last four complete quarters, as a share of its level.

    ``quarters`` has ``n1`` and ``n0`` by cell and ``_quarter``.
    """
    last = cells.last_complete_quarter(as_of)
    recent = quarters.with_columns((pl.col("_quarter") - last + SLOPE_QUARTERS - 1).alias("_q")).filter(
        pl.col("_q").is_between(0, SLOPE_QUARTERS - 1)
    )
    level = pl.col("n1") / (pl.col("n1") + pl.col("n0"))
    away = pl.col("_q") - (SLOPE_QUARTERS - 1) / 2
    spread = sum((place - (SLOPE_QUARTERS - 1) / 2) ** 2 for place in range(SLOPE_QUARTERS))
    noise = level * (1 - level) / (pl.col("n1") + pl.col("n0"))
    slopes = (
        recent.group_by(CELL)
        .agg(
            ((away * level).sum() / spread).alias("_slope"),
            ((away**2 * noise).sum().sqrt() / spread).alias("_se"),
            level.mean().alias("_level"),
            (pl.col("n1").sum() >= ENOUGH).alias("_enough"),
            pl.len().alias("_periods"),
        )
        .filter((pl.col("_periods") == SLOPE_QUARTERS) & (pl.col("_level") > 0) & pl.col("_enough"))
    )
    ends = {"urgency": 0.0, "urgency_lo": -stats.Z95, "urgency_hi": stats.Z95}
    urgent = slopes.select(
        *CELL, *(((pl.col("_slope") + z * pl.col("_se")) / pl.col("_level")).alias(name) for name, z in ends.items())
    )
    return frame.join(urgent, on=CELL, how="left").with_columns(
        pl.when(pl.col("urgency").is_null())
        .then(pl.lit("insufficient_n"))
        .when(pl.col("urgency_lo") > 0)
        .then(pl.lit("rising"))
        .when(pl.col("urgency_hi") < 0)
        .then(pl.lit("falling"))
        .otherwise(pl.lit("steady"))
        .alias("trend")
    )


def build_pain_quarters(
    *,
    met: Met,
    customers: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per pain and complete quarter with units, the last eight at most; pains somebody met in them."""
    table = TABLES["pain_quarters"]
    last = cells.last_complete_quarter(as_of)
    found = [
        cells.without_staff(frame.filter(pl.col("customer_id").is_not_null()), customers)
        .with_columns(cells.quarter_number("day").alias("_quarter"))
        .filter(pl.col("_quarter").is_between(last - SHOWN_QUARTERS + 1, last))
        .group_by(*PAIN, "_quarter")
        .agg(pl.len().cast(pl.Int64).alias("n"), pl.col("exposed").sum().cast(pl.Int64).alias("n_affected"))
        for frame in known_units(met, as_of)
    ]
    counts = pl.concat(found).filter(pl.col("n_affected").sum().over(PAIN) > 0)
    # The quarters' total is next to what pain_points says of all days: a quarter hidden alone could be told from it.
    every = counts.group_by(PAIN).agg(pl.lit(None, pl.Int32).alias("_quarter"), pl.col("n", "n_affected").sum())
    marked = disclosure.protect(
        pl.concat([counts, every], how="diagonal").with_columns(
            cells.quarter_label(pl.col("_quarter")).alias("period"),
            pl.lit(cells.COMPANY).alias("_dimension"),
            pl.lit(cells.ALL).alias("_group"),
        ),
        COUNTS,
        table_by=PAIN,
        dimension="_dimension",
        group="_group",
        period="period",
        min_cell=min_cell,
    ).filter(pl.col("_quarter").is_not_null())
    share = stats.wilson(marked["n_affected"].to_numpy(), marked["n"].to_numpy())
    described = marked.with_columns(
        pl.Series("value", share.value, pl.Float64),
        pl.Series("lo", share.lo, pl.Float64),
        pl.Series("hi", share.hi, pl.Float64),
        pl.col("kind").replace_strict(BASES).alias("basis"),
    )
    hidden = pl.any_horizontal(f"hide_{count}" for count in COUNTS)
    return table.conform(disclosure.blank(described, table, hidden), as_of=as_of, run_id=run_id)
