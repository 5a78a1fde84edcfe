"""Paths: which step follows which, how predictable the next step is, and where a segment's ways part from the others'.

Belongs here: shares of next steps with intervals, grouping of minor steps, the forward flow for a picture, entropy and
distances between segments. Stays out: what a step is (seeds) and who took which (a model of the warehouse).

The unit of uncertainty is the person: the transitions of one person stay together (ratio of totals, linearised).
Everything is association: people were not assigned to segments.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.tables import TABLES

START, END, OTHER = "START", "END", "other"
MINOR_SHARE = 0.01
"""A forward next step of fewer than this share is grouped into ``other``; loops and steps back keep their row."""

MIN_PEOPLE = 30
"""Fewer persons on a side, and a difference is shown without a test."""

SCHEMES = {cells.COMPANY: None, "region": "region", **{name: name for name in cells.KEY_SCHEMES}}
CELL = ["scheme_id", "segment_id"]
ROW = [*CELL, "from_step"]
SUMS = {
    "y": pl.col("x").sum(),
    "yy": (pl.col("x") ** 2).sum(),
    "xy": (pl.col("x") * pl.col("row_x")).sum(),
    "n_customers": pl.len().cast(pl.Int64),
}
ROW_SUMS = {"row": pl.col("row_x").sum(), "row_xx": (pl.col("row_x") ** 2).sum(), "row_people": pl.len().cast(pl.Int64)}


def people_of(transitions: pl.DataFrame, customers: pl.DataFrame, membership: pl.DataFrame) -> pl.DataFrame:
    """The transitions of people who are not staff, with region and segments: x of this pair, row_x of its step.

    A person is a whole number here and every name a category: there are a dozen rows a person.
    """
    region = customers.select("customer_id", pl.col("region").cast(pl.Categorical), "is_staff")
    who = transitions.select(pl.col("customer_id").unique()).join(region, on="customer_id", how="left")
    placed = cells.with_segments(who.filter(~pl.col("is_staff").fill_null(value=False)), membership)
    numbered = placed.drop("is_staff").with_row_index("_person")
    return (
        transitions.select(
            "customer_id",
            pl.col("from_step", "to_step").cast(pl.Categorical),
            pl.col("n_transitions").cast(pl.Float64).alias("x"),
        )
        .join(numbered, on="customer_id")
        .drop("customer_id")
        .rename({"_person": "customer_id"})
        .with_columns(pl.col("x").sum().over("customer_id", "from_step").alias("row_x"))
    )


def _schemes(people: pl.DataFrame) -> Iterator[pl.LazyFrame]:
    for scheme, column in SCHEMES.items():
        name = pl.lit(cells.ALL) if column is None else pl.col(column)
        segment = name.cast(pl.Categorical).fill_null(pl.lit(cells.UNKNOWN, pl.Categorical))
        yield people.lazy().select(
            *("customer_id", "from_step", "to_step", "x", "row_x"),
            pl.lit(scheme, pl.Categorical).alias("scheme_id"),
            segment.alias("segment_id"),
        )


def _named(frame: pl.LazyFrame) -> pl.DataFrame:
    """What was summed, its categories as text."""
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String)).collect()


def totals(people: pl.DataFrame) -> pl.DataFrame:
    """The sums of every pair of steps, by scheme and segment, and of the step it leaves."""
    parts = []
    for named in _schemes(people):
        pairs = named.group_by(*ROW, "to_step").agg(expression.alias(name) for name, expression in SUMS.items())
        rows = (
            named.group_by(*ROW, "customer_id")
            .agg(pl.col("row_x").first())
            .group_by(ROW)
            .agg(expression.alias(name) for name, expression in ROW_SUMS.items())
        )
        # One scheme at a time: side by side they would take the memory of all.
        parts.append(_named(pairs.join(rows, on=ROW)))
    return pl.concat(parts)


def labels(pairs: pl.DataFrame, order: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """What each pair is shown as: its step, or ``other`` where it is minor, small, or would give a small one away."""
    marked = disclosure.protect(
        directed(pairs, order),
        ("n_customers",),
        table_by=("from_step", "to_step"),
        dimension="scheme_id",
        group="segment_id",
        period=None,
        min_cell=min_cell,
    )
    is_minor = (pl.col("direction") == "forward") & (pl.col("y") < MINOR_SHARE * pl.col("row"))
    grouped = marked.with_columns((pl.col("hide_n_customers") | is_minor).alias("_grouped")).sort(
        *ROW, "n_customers", "to_step"
    )
    # A group of small cells alone may be small itself: the smallest step that may be shown joins it.
    largest = pl.when("_grouped").then("n_customers").max().over(ROW)
    is_smallest = ~pl.col("_grouped") & ((~pl.col("_grouped")).cum_sum().over(ROW) == 1)
    joins = is_smallest & (largest < min_cell).fill_null(value=False)
    label = pl.when(pl.col("_grouped") | joins).then(pl.lit(OTHER)).otherwise("to_step")
    return grouped.select(*ROW, "to_step", label.alias("label"))


def directed(pairs: pl.DataFrame, order: pl.DataFrame) -> pl.DataFrame:
    """Add direction: start, forward, backward, loop, end, or other for a group of steps."""
    known = order.select("path_step", pl.col("step_order").cast(pl.Int64))
    place = pairs.join(
        known.rename({"path_step": "from_step", "step_order": "_from"}), on="from_step", how="left"
    ).join(known.rename({"path_step": "to_step", "step_order": "_to"}), on="to_step", how="left")
    direction = (
        pl.when(pl.col("to_step") == OTHER)
        .then(pl.lit("other"))
        .when(pl.col("from_step") == START)
        .then(pl.lit("start"))
        .when(pl.col("to_step") == END)
        .then(pl.lit("end"))
        .when(pl.col("from_step") == pl.col("to_step"))
        .then(pl.lit("loop"))
        .when(pl.col("_to") > pl.col("_from"))
        .then(pl.lit("forward"))
        .otherwise(pl.lit("backward"))
    )
    return place.with_columns(direction.alias("direction")).drop("_from", "_to")


def with_entropy(pairs: pl.DataFrame) -> pl.DataFrame:
    """Add row_entropy_bits (of the step that comes next) and path_entropy_bits (its mean by how often each is left)."""
    share = pl.col("y") / pl.col("row")
    rows = pairs.group_by(ROW).agg(
        (-(share * share.log(2)).sum()).clip(lower_bound=0).alias("row_entropy_bits"), pl.col("row").first()
    )
    mean = (pl.col("row_entropy_bits") * pl.col("row")).sum().over(CELL) / pl.col("row").sum().over(CELL)
    return pairs.join(rows.with_columns(mean.alias("path_entropy_bits")).drop("row"), on=ROW)


def shares(frame: pl.DataFrame) -> stats.Interval:
    """Share of a step's exits that go to the next, from the sums; the ends stay inside 0 and 1."""
    found = stats.ratio_interval(
        y=frame["y"].to_numpy(),
        x=frame["row"].to_numpy(),
        yy=frame["yy"].to_numpy(),
        xy=frame["xy"].to_numpy(),
        xx=frame["row_xx"].to_numpy(),
        n=frame["row_people"].to_numpy(),
    )
    return stats.Interval(found.value, np.clip(found.lo, 0, 1), np.clip(found.hi, 0, 1))


def build_path_transitions(
    *,
    transitions: pl.DataFrame,
    order: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per scheme (the company, region, the key schemes), segment and pair of steps; minor ones as ``other``."""
    people = people_of(transitions, customers, membership)
    pairs = totals(people)
    shown = labels(pairs, order, min_cell).lazy().with_columns(pl.col(pl.String).cast(pl.Categorical))
    parts = [
        _named(
            named.join(shown, on=[*ROW, "to_step"])
            .group_by(*ROW, pl.col("label").alias("to_step"), "customer_id")
            .agg(pl.col("x").sum(), pl.col("row_x").first())
            .group_by(*ROW, "to_step")
            .agg(expression.alias(name) for name, expression in SUMS.items())
        )
        for named in _schemes(people)
    ]
    rows = with_entropy(pairs).select(*ROW, "row", "row_xx", "row_people", "row_entropy_bits", "path_entropy_bits")
    frame = directed(pl.concat(parts).join(rows.unique(), on=ROW), order)
    share = shares(frame)
    # A step that few leave is hidden whole, and with it what would give its number away.
    left = disclosure.protect(
        rows.unique(),
        ("row_people",),
        table_by=("from_step",),
        dimension="scheme_id",
        group="segment_id",
        period=None,
        min_cell=min_cell,
    ).select(*ROW, "hide_row_people")
    small = disclosure.is_small(pl.col("n_customers"), min_cell) | pl.col("hide_row_people")
    is_flow = pl.col("direction").is_in(("start", "forward", "end")) & ~pl.col("suppressed")
    table = TABLES["path_transitions"]
    measured = frame.with_columns(
        pl.Series("value", share.value, pl.Float64),
        pl.Series("lo", share.lo, pl.Float64).fill_nan(None),
        pl.Series("hi", share.hi, pl.Float64).fill_nan(None),
        pl.col("y").cast(pl.Int64).alias("n_transitions"),
        pl.col("row").cast(pl.Int64).alias("n"),
        pl.lit("transitions of journeys; person as the unit").alias("basis"),
    ).join(left, on=ROW)
    ordered = disclosure.blank(measured, table, small).sort(
        *CELL, "n_transitions", "from_step", "to_step", descending=[False, False, True, False, False], nulls_last=True
    )
    ranked = ordered.with_columns(pl.when(is_flow).then(is_flow.cum_sum().over(CELL)).alias("flow_rank"))
    return table.conform(ranked, as_of=as_of, run_id=run_id)


def against_rest(pairs: pl.DataFrame) -> pl.DataFrame:
    """Each segment's sums beside those of everybody else, for every pair of steps that anybody of the company takes."""
    sums = (*SUMS, *ROW_SUMS)
    company = pairs.filter(pl.col("scheme_id") == cells.COMPANY).select(
        "from_step", "to_step", *(pl.col(name).alias(f"all_{name}") for name in sums)
    )
    segments = pairs.filter(pl.col("scheme_id") != cells.COMPANY)
    rows = segments.select(*ROW, *ROW_SUMS).unique()
    # A step the segment never takes next is a difference too.
    return (
        rows.join(company, on="from_step")
        .join(segments.select(*ROW, "to_step", *SUMS), on=[*ROW, "to_step"], how="left")
        .with_columns(pl.col(name).fill_null(0) for name in SUMS)
        .with_columns((pl.col(f"all_{name}") - pl.col(name)).alias(f"rest_{name}") for name in sums)
    )


def with_differences(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the share here and among the rest, their difference with interval and p, and the distances it adds up to.

    The distance of two rows is their total variation, half the sum of absolute differences: the share of next steps
    that would have to change. By chance alone it is not zero: each difference would be off by sqrt(2 / pi) standard
    errors. Rows weigh in a segment's distance by how often the company leaves the step.
    """
    rest = frame.select(
        *(pl.col(f"rest_{name}").alias(name) for name in (*SUMS, *ROW_SUMS)),
    )
    here, there = shares(frame), shares(rest)
    se = [np.sqrt(np.maximum(_variance(part), 0.0)) for part in (frame, rest)]
    found = stats.z_difference(here.value, se[0], there.value, se[1])
    enough = (pl.col("row_people") >= MIN_PEOPLE) & (pl.col("rest_row_people") >= MIN_PEOPLE)
    spread = pl.Series("_se", np.nan_to_num(found.se), pl.Float64)
    measured = frame.with_columns(
        pl.Series("share", here.value, pl.Float64),
        pl.Series("rest_share", there.value, pl.Float64),
        pl.Series("value", found.value, pl.Float64).fill_nan(None),
        pl.Series("lo", np.clip(found.lo, -1, 1), pl.Float64).fill_nan(None),
        pl.Series("hi", np.clip(found.hi, -1, 1), pl.Float64).fill_nan(None),
        pl.Series("p_raw", found.p, pl.Float64).fill_nan(None),
        spread,
    ).with_columns(pl.when(enough).then("p_raw").alias("p_raw"))
    half = pl.col("value").abs().fill_null(0) / 2
    measured = measured.with_columns(
        half.sum().over(ROW).alias("row_distance"),
        (pl.col("_se").sum().over(ROW) * np.sqrt(2 / np.pi) / 2).alias("row_distance_by_chance"),
    )
    first = pl.int_range(pl.len()).over(ROW) == 0
    weight = pl.col("all_row") / pl.when(first).then("all_row").sum().over(CELL)
    return measured.with_columns(
        (weight * half).alias("contribution"),
        (weight * half).sum().over(CELL).alias("path_distance"),
        (weight * pl.col("_se") * np.sqrt(2 / np.pi) / 2).sum().over(CELL).alias("path_distance_by_chance"),
    )


def _variance(frame: pl.DataFrame) -> stats.Floats:
    """Squared standard error of the share, person as the unit."""
    found = stats.ratio_interval(
        y=frame["y"].to_numpy(),
        x=frame["row"].to_numpy(),
        yy=frame["yy"].to_numpy(),
        xy=frame["xy"].to_numpy(),
        xx=frame["row_xx"].to_numpy(),
        n=frame["row_people"].to_numpy(),
    )
    return np.asarray(((found.hi - found.lo) / (2 * stats.Z95)) ** 2)


def build_path_differences(
    *,
    transitions: pl.DataFrame,
    order: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per segment and pair of steps that ``path_transitions`` shows: its share against everybody else's."""
    pairs = totals(people_of(transitions, customers, membership))
    shown = labels(pairs, order, min_cell).filter(pl.col("label") != OTHER).drop("label")
    frame = directed(with_differences(against_rest(pairs)), order)
    # Shown are pairs whose persons may be counted on both sides; the distances are of all of them.
    picked = frame.join(shown, on=[*ROW, "to_step"]).filter(pl.col("rest_n_customers") >= min_cell)
    family = pl.when(pl.col("p_raw").is_not_null()).then(pl.format("paths|{}", "scheme_id")).alias("family_id")
    tested = [
        part.with_columns(pl.Series("p_adj", stats.benjamini_hochberg(part["p_raw"].to_numpy()), pl.Float64))
        for part in picked.with_columns(family).partition_by("family_id", maintain_order=True)
    ]
    adjusted = pl.concat(tested) if tested else picked.with_columns(family, pl.lit(None, pl.Float64).alias("p_adj"))
    table = TABLES["path_differences"]
    # Equal contributions rank by the names of their steps, not by the last digit of a sum.
    size = pl.col("contribution").round(12)
    finished = adjusted.sort(*ROW, "to_step").with_columns(
        pl.when(pl.col("family_id").is_not_null()).then(pl.len().over("family_id")).alias("family_size"),
        pl.col("p_adj").fill_nan(None),
        pl.col("row_people").alias("n"),
        pl.col("rest_row_people").alias("n_rest"),
        size.rank("ordinal", descending=True).over(CELL).alias("contribution_rank"),
        pl.lit("association; person as the unit").alias("basis"),
        pl.lit(value=False).alias("suppressed"),
    )
    return table.conform(finished, as_of=as_of, run_id=run_id)
