"""Who is in which segment.

Belongs here: the table of members. Stays out: the schemes (the segments file), trying their rules (schemes.py), what
they are decided from (facts.py) and what segments look like (profiles.py). Within a scheme the first rule that
matches wins, so it is exclusive; ``otherwise`` takes who is left, so it is complete. The law in laws.py checks both.

Base of every scheme: identified customers who are not staff.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics.segments.facts import customer_facts
from pipelines.analytics.segments.schemes import memberships, schemes_of
from pipelines.analytics.tables import TABLES


def build_segment_membership(
    *,
    customers: pl.DataFrame,
    customer_value: pl.DataFrame,
    definitions: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per scheme and identified customer who is not staff. ``customer_value`` brings the scores."""
    facts = customer_facts(customers=customers, customer_value=customer_value, as_of=as_of)
    frame = memberships(facts, schemes_of(definitions), min_cell=min_cell)
    return TABLES["segment_membership"].conform(frame, as_of=as_of, run_id=run_id)
