"""What customers praise and complain of by breakdown, group and quarter: how often, what comes back, what changed.

Belongs here: counts of labels, their shares, tests of change, hiding. Stays out: the labels (``labels.py``).

Compliments and complaints are tables of their own. How many texts are neither is never shown: with it, a hidden count
of complaints would follow from the compliments. The base of a share is the texts of the group and quarter in a language
with rules: what nobody could read is not about nothing. A text of two topics counts in both. Shown are the last four
quarters that are over and, as ``all``, the four together.

Who writes twice says much the same twice: intervals and tests rest on the effective number of texts, the number of
independent texts whose interval would be as wide as the one clustered by customer (Dean and Pagano 2015).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.tables import TABLES
from pipelines.analytics.voice.labels import NEGATIVE, POSITIVE
from pipelines.analytics.voice.topics import is_spoken

BREAKDOWNS = {"division": "division", "product_line": "product_line", "region": "region"}
QUARTERS = 4
MIN_TEXTS = 30
FALSE_DISCOVERY_RATE = 0.05
PRACTICAL = 0.02
"""Smallest change of a share worth a word."""
RECURRING = 3
"""Quarters running from which a topic is a thread, and no episode."""

GROUP = ["breakdown", "group_id", "_quarter"]
KEYS = ["topic", "polarity", *GROUP]


def texts_and_topics(
    labels: pl.DataFrame, feedback: pl.DataFrame, customers: pl.DataFrame, as_of: date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The texts of the last quarters by customers, a row each; and a row per text and topic that praises or complains.

    Adds ``writer``: the customer, or the text itself where nobody is known.
    """
    last = cells.last_complete_quarter(as_of)
    recent = labels.filter(is_spoken()).with_columns(cells.quarter_number("feedback_date").alias("_quarter"))
    placed = recent.filter(pl.col("_quarter").is_between(last - QUARTERS + 1, last)).join(feedback, on="feedback_id")
    rows = cells.without_staff(placed, customers).with_columns(
        pl.coalesce("customer_id", "feedback_id").alias("writer")
    )
    texts = rows.unique("feedback_id", keep="first", maintain_order=True)
    return texts, rows.filter(pl.col("polarity").is_in((POSITIVE, NEGATIVE)))


def spread(rows: pl.DataFrame) -> pl.DataFrame:
    """Every row once a breakdown, with its group, and once more in the four quarters together (null)."""
    parts = [
        rows.with_columns(
            pl.lit(name).alias("breakdown"),
            (pl.lit(cells.ALL) if column is None else pl.col(column).cast(pl.String).fill_null(cells.UNKNOWN)).alias(
                "group_id"
            ),
        )
        for name, column in {cells.COMPANY: None, **BREAKDOWNS}.items()
    ]
    by_quarter = pl.concat(parts)
    return pl.concat([by_quarter, by_quarter.with_columns(pl.lit(None, pl.Int32).alias("_quarter"))])


def counted(texts: pl.DataFrame, topics: pl.DataFrame) -> pl.DataFrame:
    """Per topic, mood, group and quarter the texts (n), those of the base, and the sums over writers an interval needs.

    A topic nobody wrote of has a row of zeros wherever there are texts.
    """
    x, y = pl.col("_x"), pl.col("_y")
    of_writer = spread(texts).group_by(*GROUP, "writer").agg(pl.len().cast(pl.Int64).alias("_x"))
    bases = of_writer.group_by(GROUP).agg(
        x.sum().alias("n_base"), (x * x).sum().alias("xx"), pl.len().cast(pl.Int64).alias("writers")
    )
    sums = (
        spread(topics)
        .group_by(*KEYS, "writer")
        .agg(pl.len().cast(pl.Int64).alias("_y"))
        .join(of_writer, on=[*GROUP, "writer"], nulls_equal=True)
        .group_by(KEYS)
        .agg(y.sum().alias("n"), (y * y).sum().alias("yy"), (x * y).sum().alias("xy"))
    )
    moods = pl.DataFrame({"polarity": [POSITIVE, NEGATIVE]})
    grid = bases.join(topics.select("topic").unique(), how="cross").join(moods, how="cross")
    return grid.join(sums, on=KEYS, how="left", nulls_equal=True).with_columns(pl.col("n", "yy", "xy").fill_null(0))


def with_shares(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the share with its interval, and the effective number of texts behind it.

    A share of 0 or 1 has no spread to tell how alike a writer's texts are: then each writer counts once.
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


def with_hidden(frame: pl.DataFrame, parents: dict[str, str], min_cell: int) -> pl.DataFrame:
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
    protected = disclosure.protect(
        joined, ("_cell",), table_by=("topic", "polarity"), min_cell=min_cell, parents=parents, **shape
    )
    return protected.rename({"hide__cell": "_hidden"})


def with_threads(frame: pl.DataFrame) -> pl.DataFrame:
    """Add ``quarters_running``: quarters in a row up to this one that show texts of the topic, mood and group."""
    keys = ["topic", "polarity", "breakdown", "group_id"]
    ordered = frame.sort(*keys, "_quarter", nulls_last=True)
    is_there = ~pl.col("_hidden") & (pl.col("n") > 0) & pl.col("_quarter").is_not_null()
    is_next = (pl.col("_quarter") == pl.col("_quarter").shift(1).over(keys) + 1).fill_null(value=False)
    begun = ordered.with_columns(is_there.alias("_is_there"), (~is_there | ~is_next).cum_sum().over(keys).alias("_run"))
    running = pl.col("_is_there").cum_sum().over(*keys, "_run").cast(pl.Int64)
    return begun.with_columns(pl.when(pl.col("_quarter").is_not_null()).then(running).alias("quarters_running"))


def with_changes(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the change of the share against the quarter before, with interval and test, and what the family says of it.

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
        & (pl.min_horizontal("n_base", "n_base_0") >= MIN_TEXTS)
        & (pl.col("n") + pl.col("n_0") > 0)
    )
    difference = found.risk_difference
    family = pl.concat_str(pl.lit("feedback_topics"), "polarity", "breakdown", "period", separator="|")
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
        pl.when(is_tested).then(family).alias("family_id"),
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


def build_feedback_topics(
    *,
    labels: pl.DataFrame,
    feedback: pl.DataFrame,
    customers: pl.DataFrame,
    products: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per topic, mood, breakdown, group and quarter of the last four that are over, and over these."""
    table = TABLES["feedback_topics"]
    texts, topics = texts_and_topics(labels, feedback, customers, as_of)
    if topics.is_empty():
        return table.empty()
    shown = with_hidden(with_shares(counted(texts, topics)), cells.parents_of(products), min_cell)
    found = with_changes(with_threads(shown)).with_columns(
        pl.lit("texts; moods by the customer's rating, else by model").alias("basis"),
        (pl.col("quarters_running") >= RECURRING).alias("is_recurring"),
    )
    hidden = pl.col("_hidden")
    blanked = disclosure.blank(found, table, hidden).with_columns(
        pl.when(~hidden).then("is_recurring").alias("is_recurring")
    )
    return table.conform(blanked, as_of=as_of, run_id=run_id)
