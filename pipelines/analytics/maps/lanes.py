"""The lanes of a journey map that are counted or averaged: people, actions, touchpoints, questions, expectations, mood.

Belongs here: one frame a lane, over every segment and the company, small cells marked. Stays out: which lanes a map
has, words people chose, and rows that other tables have already made (``journey_map.py``).

Every lane is complete over segments and items before anything is hidden, and items are chosen by the company's
numbers: a list that differed from segment to segment would say by its gaps what is hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.stats import Floats

CELL = ["scheme_id", "segment_id"]
NEUTRAL, HALF_RANGE = 5.5, 4.5
"""Middle of the scale from 1 to 10 and the way to its ends; they become 0, and -2 and +2."""

MOST = 4
"""Items of a lane in one column: more are not read."""

NONE = "none"
SHARE = "share"


def everyone(membership: pl.DataFrame, customers: pl.DataFrame, scheme: str) -> pl.DataFrame:
    """customer_id, scheme_id, segment_id: each customer of the scheme in its segment and in the company.

    Schemes and segments are categories here, as are the columns of ``done``: what is counted is a dozen rows a person.
    """
    members = cells.without_staff(membership.filter(pl.col("scheme_id") == scheme), customers).select(
        "customer_id", pl.col(CELL).cast(pl.Categorical)
    )
    company = members.with_columns(
        pl.lit(cells.COMPANY, pl.Categorical).alias("scheme_id"), pl.lit(cells.ALL, pl.Categorical).alias("segment_id")
    )
    return pl.concat([company, members])


def _named(counted: pl.DataFrame) -> pl.DataFrame:
    return counted.with_columns(pl.col(pl.Categorical).cast(pl.String))


def people(done: pl.DataFrame, members: pl.DataFrame, stages: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """Customers of the segment who did anything in the column."""
    base = _named(members.group_by(CELL).len("n"))
    there = done.select("customer_id", "map_stage").unique()
    counted = _counts(there.with_columns(pl.lit("people").alias("item")), members)
    grid = base.join(stages.select("map_stage").unique(), how="cross").with_columns(pl.lit("people").alias("item"))
    return _shares(grid.join(counted, on=[*CELL, "map_stage", "item"], how="left"), "people", min_cell)


def steps(done: pl.DataFrame, members: pl.DataFrame, lane: str, item: str, min_cell: int) -> pl.DataFrame:
    """Of the people in a column, those who took a step there (lane actions) or used a channel (touchpoints)."""
    there = done.select("customer_id", "map_stage").unique()
    base = _named(members.join(there, on="customer_id").group_by(*CELL, "map_stage").len("n"))
    taken = done.filter(pl.col(item) != NONE).select("customer_id", "map_stage", pl.col(item).alias("item")).unique()
    found = _counts(taken, members)
    counted = _grid(members, _most(found)).join(found, on=[*CELL, "map_stage", "item"], how="left")
    return _shares(counted.join(base, on=[*CELL, "map_stage"], how="left"), lane, min_cell)


def questions(tickets: pl.DataFrame, members: pl.DataFrame, words: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """Of the tickets the segment opened, those about a topic, in the column where the topic is felt."""
    asked = tickets.drop_nulls("topic").select("customer_id", pl.col("topic").alias("item"))
    base = _named(members.join(asked, on="customer_id").group_by(CELL).len("n"))
    felt = asked.join(words.filter(pl.col("lane") == "questions").select("item", "map_stage"), on="item")
    found = _counts(felt, members)
    counted = _grid(members, _most(found)).join(found, on=[*CELL, "map_stage", "item"], how="left")
    return _shares(counted.join(base, on=CELL, how="left"), "questions", min_cell)


def expectations(survey: pl.DataFrame, members: pl.DataFrame, words: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """How important the segment's respondents say a side of shopping is, 1 to 10."""
    named = words.filter(pl.col("lane") == "expectations").select("item", "map_stage")
    nothing = pl.DataFrame(schema={"customer_id": pl.String, "item": pl.String, "score": pl.Float64})
    answered = [
        survey.select("customer_id", pl.lit(name).alias("item"), pl.col(name).alias("score")).drop_nulls("score")
        for name in named["item"].unique().sort()
        if name in survey.columns
    ]
    # Item by item: every answer has a dozen of them, and counts in its segment and in the company.
    return pl.concat(
        _means(part.join(named, on="item"), members, "expectations", "points", min_cell)
        for part in answered or [nothing]
    )


def moods(answers: pl.DataFrame, members: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """Mood from -2 to +2 of the answers given after something done in the column."""
    scored = answers.select(
        "customer_id",
        "map_stage",
        pl.lit("mood").alias("item"),
        ((pl.col("sat_overall") - NEUTRAL) / HALF_RANGE * 2).alias("score"),
    )
    return _means(scored, members, "emotions", "mood", min_cell)


def _counts(rows: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    return _named(members.join(rows, on="customer_id").group_by(*CELL, "map_stage", "item").len("n_yes"))


def _most(counted: pl.DataFrame) -> pl.DataFrame:
    """The items of each column that are the company's most frequent."""
    of_company = counted.filter(pl.col("scheme_id") == cells.COMPANY)
    rank = pl.struct(-pl.col("n_yes").cast(pl.Int64), "item").rank("ordinal").over("map_stage")
    return of_company.filter(rank <= MOST).select("map_stage", "item")


def _grid(members: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    return _named(members.select(CELL).unique()).join(items, how="cross")


def _shares(counted: pl.DataFrame, lane: str, min_cell: int) -> pl.DataFrame:
    frame = counted.with_columns(pl.col("n", "n_yes").fill_null(0).cast(pl.Int64))
    shares = stats.wilson(frame["n_yes"].to_numpy(), frame["n"].to_numpy())
    # Those who did not are a count as well: where they are few, the share names them.
    named = frame.with_columns((pl.col("n") - pl.col("n_yes")).alias("n_no"))
    return _marked(
        _with(named, shares), lane, kind="measured", unit=SHARE, counts=("n", "n_yes", "n_no"), min_cell=min_cell
    )


def _means(rows: pl.DataFrame, members: pl.DataFrame, lane: str, unit: str, min_cell: int) -> pl.DataFrame:
    """Means with persons as clusters: who answers twice is one person."""
    key = [*CELL, "map_stage", "item"]
    persons = (
        members.join(rows, on="customer_id")
        .group_by(*key, "customer_id")
        .agg(pl.col("score").sum().alias("y"), pl.len().cast(pl.Float64).alias("x"))
    )
    y, x = pl.col("y"), pl.col("x")
    summed = (
        _named(persons)
        .group_by(key)
        .agg(
            y.sum(),
            x.sum(),
            (y * y).sum().alias("yy"),
            (x * y).sum().alias("xy"),
            (x * x).sum().alias("xx"),
            pl.len().alias("persons"),
        )
        .with_columns(pl.col("x").cast(pl.Int64).alias("n"))
        .sort(key)
    )
    columns = {name: summed[name].to_numpy() for name in ("y", "x", "yy", "xy", "xx")}
    means = stats.ratio_interval(**columns, n=summed["persons"].to_numpy())
    return _marked(_with(summed, means), lane, kind="survey", unit=unit, counts=("n", "persons"), min_cell=min_cell)


def _with(frame: pl.DataFrame, estimate: stats.Interval) -> pl.DataFrame:
    def column(values: Floats) -> pl.Series:
        return pl.Series(np.asarray(values, dtype=np.float64)).fill_nan(None)

    return frame.with_columns(
        column(estimate.value).alias("value"), column(estimate.lo).alias("lo"), column(estimate.hi).alias("hi")
    )


def _marked(
    frame: pl.DataFrame, lane: str, *, kind: str, unit: str, counts: Sequence[str], min_cell: int
) -> pl.DataFrame:
    """Mark what must be hidden: a small count, and what would give one away."""
    marked = disclosure.protect(
        frame,
        counts,
        table_by=("map_stage", "item"),
        dimension="scheme_id",
        group="segment_id",
        period=None,
        min_cell=min_cell,
    )
    hidden = pl.any_horizontal(pl.col(f"hide_{count}") for count in counts)
    return marked.with_columns(
        pl.lit(lane).alias("lane"),
        pl.lit(kind).alias("source_kind"),
        pl.lit(unit).alias("unit"),
        hidden.alias("suppressed"),
    ).select(*CELL, "map_stage", "lane", "source_kind", "item", "unit", "value", "lo", "hi", "n", "suppressed")
