"""The map linter: what every journey map must have before it is shown to anyone.

Belongs here: completeness and review dates. Stays out: whether what it says is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from pipelines.showroom.marts import Row
from pipelines.showroom.model import Finding

HEADERS = ("actor", "scenario", "goal", "owner")
LANES = ("actions", "touchpoints", "expectations", "questions", "emotions", "barriers", "backstage")
LONGEST = 90
FEWEST_STAGES, MOST_STAGES = 4, 8


def lint_map(name: str, rows: Sequence[Row], as_of: date) -> Iterable[Finding]:
    """What is wrong with one segment's map; ``rows`` are its rows of the published table."""
    headers = {row["item"] for row in rows if row["lane"] == "header" and row["text"]}
    for header in HEADERS:
        if header not in headers:
            yield Finding(name, f"The map has no {header}.")
    lanes = {row["lane"] for row in rows if not row["suppressed"]}
    for lane in LANES:
        if lane not in lanes:
            yield Finding(name, f"The lane {lane} is empty.")
    stages = {row["stage"] for row in rows if row["stage_order"]}
    if not FEWEST_STAGES <= len(stages) <= MOST_STAGES:
        yield Finding(name, f"The map has {len(stages)} columns; {FEWEST_STAGES} to {MOST_STAGES} can be read.")
    for row in rows:
        if row["source_kind"] != "judgement":
            continue
        if row["review_by"] is not None and row["review_by"] < as_of:
            yield Finding(name, f"“{row['text']}” was to be reviewed by {row['review_by'].isoformat()}.")
        if len(row["text"] or "") > LONGEST:
            yield Finding(name, f"“{row['text'][:30]}…” is longer than {LONGEST} characters.")
