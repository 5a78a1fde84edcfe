"""How often a subject comes up, by breakdown, group and quarter: shares, what comes back, what changed, what is hidden.

Belongs here: counts of rows about a subject, their shares, tests of change, hiding. Stays out: what the rows are.

Rows have a writer, a quarter and the columns they are broken down by; those about something have a subject and a kind
(mood, source) as well, and stand once for each subject. The base of a share is the rows of the group and quarter. Shown
are the last four quarters that are over and, as ``all``, the four together.

Who writes twice says much the same twice: intervals and tests rest on the effective number of rows, the number of
independent rows whose interval would be as wide as the one clustered by writer (Dean and Pagano 2015).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats

QUARTERS = 4
MIN_ROWS = 30
FALSE_DISCOVERY_RATE = 0.05
PRACTICAL = 0.02
"""Smallest change of a share worth a word."""
RECURRING = 3
"""Quarters running from which a subject is a thread, and no episode."""

GROUP = ["breakdown", "group_id", "_quarter"]
SUBJECT = ["subject", "kind"]
KEYS = [*SUBJECT, *GROUP]


def of_last_quarters(rows: pl.DataFrame, day: str, as_of: date) -> pl.DataFrame:
    """The rows of the last quarters that are over, with ``_quarter``."""
    last = cells.last_complete_quarter(as_of)
    return rows.with_columns(cells.quarter_number(day).alias("_quarter")).filter(
        pl.col("_quarter").is_between(last - QUARTERS + 1, last)
    )


def shares_of(
    rows: pl.DataFrame,
    subjects: pl.DataFrame,
    kinds: Sequence[str],
    breakdowns: Sequence[str],
    *,
    family: str,
    parents: Mapping[str, str],
    min_cell: int,
) -> pl.DataFrame:
    """One row per subject, kind, breakdown, group and quarter with share, change, verdict and thread; null is all.

    ``_hidden`` says which rows must not show a number. Subjects nobody raised have a row of zeros.
    """
    found = with_hidden(with_shares(counted(rows, subjects, kinds, breakdowns)), parents, min_cell)
    return with_changes(with_threads(found), family).with_columns(
        pl.when(~pl.col("_hidden")).then(pl.col("quarters_running") >= RECURRING).alias("is_recurring")
    )


def spread(rows: pl.DataFrame, breakdowns: Sequence[str]) -> pl.DataFrame:
    """Every row once a breakdown, with its group, and once more in the four quarters together (null)."""
    parts = [
        rows.with_columns(
            pl.lit(name).alias("breakdown"),
            (pl.lit(cells.ALL) if column is None else pl.col(column).cast(pl.String).fill_null(cells.UNKNOWN)).alias(
                "group_id"
            ),
        )
        for name, column in ((cells.COMPANY, None), *((name, name) for name in breakdowns))
    ]
    by_quarter = pl.concat(parts)
    return pl.concat([by_quarter, by_quarter.with_columns(pl.lit(None, pl.Int32).alias("_quarter"))])


def counted(
    rows: pl.DataFrame, subjects: pl.DataFrame, kinds: Sequence[str], breakdowns: Sequence[str]
) -> pl.DataFrame:
    """Per subject, kind, group and quarter the rows (n), those of the base, and the sums over writers for an interval.

    A subject nobody raised has a row of zeros wherever there are rows.
    """
    x, y = pl.col("_x"), pl.col("_y")
    of_writer = spread(rows, breakdowns).group_by(*GROUP, "writer").agg(pl.len().cast(pl.Int64).alias("_x"))
    bases = of_writer.group_by(GROUP).agg(
        x.sum().alias("n_base"), (x * x).sum().alias("xx"), pl.len().cast(pl.Int64).alias("writers")
    )
    sums = (
        spread(subjects, breakdowns)
        .group_by(*KEYS, "writer")
        .agg(pl.len().cast(pl.Int64).alias("_y"))
        .join(of_writer, on=[*GROUP, "writer"], nulls_equal=True)
        .group_by(KEYS)
        .agg(y.sum().alias("n"), (y * y).sum().alias("yy"), (x * y).sum().alias("xy"))
    )
    kind = pl.DataFrame({"kind": kinds})
    grid = bases.join(subjects.select("subject").unique(), how="cross").join(kind, how="cross")
    return grid.join(sums, on=KEYS, how="left", nulls_equal=True).with_columns(pl.col("n", "yy", "xy").fill_null(0))


def with_shares(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the share with its interval, and the effective number of rows behind it.

    A share of 0 or 1 has no spread to tell how alike a writer's rows are: then each writer counts once.
    """
    n, base, writers, yy, xy, xx = (
        frame[name].to_numpy().astype(np.float64) for name in ("n", "n_base", "writers", "yy", "xy", "xx")
    )
    share = n / base
    residual = np.maximum(yy - 2 * share * xy + share**2 * xx, 0.0)
    variance = writers / np.maximum(writers - 1, 1) * residual / base**2
    is_spread = (variance > 0) & (writers > 1)
    effective = np.where(is_spread, share * (1 - share) / np.where(is_spread, variance, 1.0), writers)
    effective = np.minimum(effective, base)
    found = stats.wilson(share * effective, effective)
    return frame.with_columns(
        pl.Series("value", share),
        pl.Series("lo", np.minimum(found.lo, share)),
        pl.Series("hi", np.maximum(found.hi, share)),
        pl.Series("_effective", effective),
    )


def with_hidden(frame: pl.DataFrame, parents: Mapping[str, str], min_cell: int) -> pl.DataFrame:
    """Add ``_hidden``: small counts, counts of small bases, and what would give either away."""
    shape = {"dimension": "breakdown", "group": "group_id", "period": "period"}
    labelled = frame.with_columns(cells.quarter_label(pl.col("_quarter")).alias("period"))
    bases = disclosure.protect(
        labelled.unique(GROUP, keep="any").select(*GROUP, "period", "n_base"),
        ("n_base",),
        table_by=(),
        min_cell=min_cell,
        parents=parents,
        **shape,
    )
    # A count whose base is hidden is treated as a small one, whatever it is, so that it does not follow either.
    joined = labelled.join(bases.select(*GROUP, "hide_n_base"), on=GROUP, nulls_equal=True).with_columns(
        pl.when("hide_n_base").then(1).otherwise("n").alias("_cell")
    )
    protected = disclosure.protect(joined, ("_cell",), table_by=SUBJECT, min_cell=min_cell, parents=parents, **shape)
    return protected.rename({"hide__cell": "_hidden"})


def with_threads(frame: pl.DataFrame) -> pl.DataFrame:
    """Add ``quarters_running``: quarters in a row up to this one that show rows of the subject, kind and group."""
    keys = [*SUBJECT, "breakdown", "group_id"]
    ordered = frame.sort(*keys, "_quarter", nulls_last=True)
    is_there = ~pl.col("_hidden") & (pl.col("n") > 0) & pl.col("_quarter").is_not_null()
    is_next = (pl.col("_quarter") == pl.col("_quarter").shift(1).over(keys) + 1).fill_null(value=False)
    begun = ordered.with_columns(is_there.alias("_is_there"), (~is_there | ~is_next).cum_sum().over(keys).alias("_run"))
    running = pl.col("_is_there").cum_sum().over(*keys, "_run").cast(pl.Int64)
    return begun.with_columns(pl.when(pl.col("_quarter").is_not_null()).then(running).alias("quarters_running"))


def with_changes(frame: pl.DataFrame, family: str) -> pl.DataFrame:
    """Add the change of the share against the quarter before, with interval, and what its family of tests says of it.

    Only shares that are both shown are compared.
    """
    before = frame.filter(~pl.col("_hidden") & pl.col("_quarter").is_not_null()).select(
        *KEYS[:-1],
        pl.col("_quarter") + 1,
        *(pl.col(name).alias(f"{name}_0") for name in ("n", "n_base", "value", "_effective")),
    )
    wide = frame.join(before, on=KEYS, how="left", maintain_order="left").with_columns(
        (~pl.col("_hidden") & pl.col("n_0").is_not_null()).alias("_is_compared")
    )
    share, size, share_0, size_0 = (
        wide[name].fill_null(0.0).to_numpy() for name in ("value", "_effective", "value_0", "_effective_0")
    )
    found = stats.two_by_two(share * size, (1 - share) * size, share_0 * size_0, (1 - share_0) * size_0)
    is_tested = (
        pl.col("_is_compared")
        & (pl.min_horizontal("n_base", "n_base_0") >= MIN_ROWS)
        & (pl.col("n") + pl.col("n_0") > 0)
    )
    difference = found.risk_difference
    tests = pl.concat_str(pl.lit(family), "kind", "breakdown", "period", separator="|")
    tested = wide.with_columns(
        *(
            pl.when("_is_compared").then(pl.Series(name, values, pl.Float64)).alias(name)
            for name, values in (
                ("change", difference.value),
                ("change_lo", np.minimum(difference.lo, difference.value)),
                ("change_hi", np.maximum(difference.hi, difference.value)),
            )
        ),
        pl.when(is_tested).then(pl.Series("p_raw", found.p, pl.Float64)).alias("p_raw"),
        pl.when(is_tested).then(tests).alias("family_id"),
    )
    adjusted = pl.concat(
        part.with_columns(
            pl.Series("p_adj", stats.benjamini_hochberg(part["p_raw"].to_numpy()), pl.Float64).fill_nan(None)
        )
        for part in tested.partition_by("family_id", maintain_order=True)
    )
    is_changed = (pl.col("p_adj") <= FALSE_DISCOVERY_RATE) & (pl.col("change").abs() >= PRACTICAL)
    return adjusted.with_columns(
        pl.when(pl.col("family_id").is_not_null()).then(pl.len().over("family_id")).cast(pl.Int64).alias("family_size"),
        pl.when("_hidden")
        .then(pl.lit("suppressed"))
        .when(~pl.col("_is_compared") | (pl.col("n") + pl.col("n_0") == 0))
        .then(pl.lit("untested"))
        .when(pl.col("p_raw").is_null())
        .then(pl.lit("insufficient_n"))
        .when(is_changed & (pl.col("change") > 0))
        .then(pl.lit("more"))
        .when(is_changed)
        .then(pl.lit("less"))
        .otherwise(pl.lit("no_evidence"))
        .alias("verdict"),
    )
