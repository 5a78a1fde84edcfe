"""Who is in which segment.

Belongs here: the tables of members and of tags. Stays out: the schemes (the segments file), trying their
rules (schemes.py), what they are decided from (facts.py) and what segments look like (profiles.py). Within a scheme the
first rule that matches wins, so it is exclusive; ``otherwise`` takes who is left, so it is complete. The law in laws.py
checks both.

Base of every scheme: identified customers who are not staff.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics.segments.schemes import memberships, schemes_of, tags_of
from pipelines.analytics.tables import TABLES


def build_segment_membership(
    *, facts: pl.DataFrame, definitions: pl.DataFrame, as_of: date, run_id: str, min_cell: int
) -> pl.DataFrame:
    """One row per scheme and customer of the facts (``customer_facts``)."""
    frame = memberships(facts, schemes_of(definitions), min_cell=min_cell)
    return TABLES["segment_membership"].conform(frame, as_of=as_of, run_id=run_id)


def build_customer_tags(*, facts: pl.DataFrame, definitions: pl.DataFrame, as_of: date, run_id: str) -> pl.DataFrame:
    """One row per customer and tag that holds: a person has any number of tags, so shares of tags sum to nothing."""
    parts = [
        facts.filter(rule.condition.matches).select(
            "customer_id", pl.lit(rule.segment_id).alias("tag"), pl.lit(rule.words).alias("reason")
        )
        for rule in tags_of(definitions)
        if rule.condition is not None
    ]
    table = TABLES["customer_tags"]
    frame = pl.concat(parts) if parts else table.empty().select("customer_id", "tag", "reason")
    return table.conform(frame, as_of=as_of, run_id=run_id)
