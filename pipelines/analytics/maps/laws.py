"""Laws of journey maps.

Belongs here: conditions that hold whatever the data. Stays out: whether a map is complete (the showroom's linter).
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from pipelines.analytics.law import NOTHING, Context, Law, breaches, hidden_stays_hidden
from pipelines.analytics.maps.lanes import CELL

COUNTED = ("people", "actions", "touchpoints", "questions", "expectations", "emotions")
"""Lanes this table counts itself; the others keep what their own tables hide."""


def counted_lanes_stay_hidden(context: Context) -> list[tuple[int, str]]:
    """No hidden segment follows from the company's number and the other segments'."""
    own = context.frame.filter(pl.col("lane").is_in(COUNTED), pl.col("source_kind") != "judgement")
    by = ("stage", "lane", "item")
    return hidden_stays_hidden(replace(context, frame=own), "n", by, ("scheme_id", "segment_id", None))


def judgements_are_words(context: Context) -> list[tuple[int, str]]:
    """A judgement has words and an owner and no number; what is measured has no owner but its table."""
    judged = pl.col("source_kind") == "judgement"
    numbers = context.frame.filter(judged & (pl.col("value").is_not_null() | pl.col("n").is_not_null()))
    nameless = context.frame.filter(judged & (pl.col("text").is_null() | pl.col("owner").is_null()))
    unknown = context.frame.filter(~pl.col("source_kind").is_in(("measured", "survey", "judgement")))
    return (
        breaches(numbers, "judgements that show a number")
        + breaches(nameless, "judgements without words or an owner")
        + breaches(unknown, "rows of no known kind of source")
    )


def columns_are_in_order(context: Context) -> list[tuple[int, str]]:
    """Every column of the map has one name and one place."""
    places = context.frame.group_by("stage").agg(pl.struct("stage_name", "stage_order").n_unique().alias("_names"))
    orders = context.frame.select("stage", "stage_order").unique().group_by("stage_order").len()
    cells = context.frame.group_by(*CELL, "stage", "lane", "source_kind").agg(
        (pl.col("item_order").max() != (~pl.col("suppressed")).sum()).alias("_gaps")
    )
    return (
        breaches(places.filter(pl.col("_names") > 1), "columns with several names or places")
        + breaches(orders.filter(pl.col("len") > 1), "places with several columns")
        + breaches(cells.filter("_gaps"), "cells whose items are not counted through")
    )


LAWS: dict[str, tuple[Law, ...]] = {
    "journey_map": (
        Law(
            "hidden_stays_hidden",
            "A hidden count that follows from the totals is not hidden.",
            counted_lanes_stay_hidden,
            NOTHING,
        ),
        Law("judgement_apart", "What the team believes is never mistaken for a number.", judgements_are_words, NOTHING),
        Law("columns_in_order", "Every map has the same columns from left to right.", columns_are_in_order, NOTHING),
    ),
}
