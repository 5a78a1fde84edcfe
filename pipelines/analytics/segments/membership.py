"""Segment schemes and who is in which segment.

Belongs here: the schemes as ordered data, and the one place that assigns people. Stays out: what segments look like
(profiles.py). Within a scheme the first rule that holds wins, so it is exclusive; the last rule always holds, or the
rules cover every case (the 25 cells), so it is complete. The law in laws.py checks both on the result.

Base of every scheme: identified customers who are not staff.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.analytics.cells import UNKNOWN
from pipelines.analytics.segments.value import base_customers
from pipelines.analytics.tables import TABLES

NEW_DAYS = 90
DEFAULT_GAP_DAYS = 90.0

RFM_MAP: dict[str, tuple[tuple[int, int], ...]] = {
    "hibernating": ((1, 1), (1, 2), (2, 1), (2, 2)),
    "at_risk": ((1, 3), (1, 4), (2, 3), (2, 4)),
    "cant_lose": ((1, 5), (2, 5)),
    "about_to_sleep": ((3, 1), (3, 2)),
    "need_attention": ((3, 3),),
    "loyal": ((3, 4), (3, 5), (4, 4), (4, 5)),
    "promising": ((4, 1),),
    "new": ((5, 1),),
    "potential_loyalist": ((4, 2), (4, 3), (5, 2), (5, 3)),
    "champion": ((5, 4), (5, 5)),
}
"""Segment by its cells (recency score, frequency score): the 25 cells, each in exactly one segment."""


@dataclass(frozen=True)
class Rule:
    """``condition`` puts a person in ``segment_id``; a null condition means no."""

    segment_id: str
    condition: pl.Expr
    reason: str


@dataclass(frozen=True)
class Scheme:
    """One exclusive and complete way to divide customers, for one business goal. ``rules`` are tried in order."""

    scheme_id: str
    goal: str
    rules: tuple[Rule, ...]

    @property
    def segment_ids(self) -> tuple[str, ...]:
        return tuple(rule.segment_id for rule in self.rules)

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(rule.reason for rule in self.rules)


OTHERWISE = pl.lit(value=True)


def _rfm_rules() -> tuple[Rule, ...]:
    prospect = Rule("prospect", pl.col("n_orders") == 0, "no order yet")
    named = tuple(
        Rule(
            segment,
            pl.any_horizontal((pl.col("r_score") == r) & (pl.col("f_score") == f) for r, f in cells),
            "recency and frequency scores " + ", ".join(f"R{r}F{f}" for r, f in cells),
        )
        for segment, cells in RFM_MAP.items()
    )
    return (prospect, *named)


GAP = pl.col("gap_days")

VALUE_RFM = Scheme("value_rfm", "Decide how much to spend on whom", _rfm_rules())
LIFECYCLE = Scheme(
    "lifecycle",
    "Decide what to say next: welcome, keep, win back",
    (
        Rule("prospect", pl.col("n_orders") == 0, "no order yet"),
        Rule(
            "new",
            (pl.col("n_orders") == 1) & (pl.col("recency_days") <= NEW_DAYS),
            f"first order at most {NEW_DAYS} days ago, no second",
        ),
        Rule("active", pl.col("recency_days") <= 2 * GAP, "last order at most 2 x the usual days between orders ago"),
        Rule("at_risk", pl.col("recency_days") <= 4 * GAP, "last order 2 to 4 x the usual days between orders ago"),
        Rule("lapsed", OTHERWISE, "last order over 4 x the usual days between orders ago"),
    ),
)
BUSINESS = Scheme(
    "business",
    "Keep business buyers and consumers apart",
    (
        Rule("b2b", pl.col("is_business"), "a business record or account"),
        Rule("b2c", OTHERWISE, "no business record"),
    ),
)
WEB, STORE = pl.col("last_web_at").is_not_null(), pl.col("last_store_at").is_not_null()
JOURNEY_CHANNEL = Scheme(
    "journey_channel",
    "See who crosses between web and store",
    (
        Rule("both", WEB & STORE, "seen on the web or in the app, and in a store"),
        Rule("web_only", WEB, "seen on the web or in the app only"),
        Rule("store_only", STORE, "seen in a store only"),
        Rule("none", OTHERWISE, "no web, app or store event"),
    ),
)
RULE_SCHEMES = (VALUE_RFM, LIFECYCLE, BUSINESS, JOURNEY_CHANNEL)
SCHEME_IDS = (*(scheme.scheme_id for scheme in RULE_SCHEMES), "region")
"""Every scheme of segment_membership; the segments of ``region`` are the regions themselves."""


def usual_gap_days(customers: pl.DataFrame) -> float:
    """Median, over customers with two orders on different days, of the mean days between their orders.

    90 days where nobody ever came back.
    """
    span = (pl.col("last_order_at") - pl.col("first_order_at")).dt.total_seconds() / 86_400
    gaps = customers.filter((pl.col("n_orders") >= 2) & (span >= 1)).select((span / (pl.col("n_orders") - 1)).median())
    gap = gaps.item()
    return DEFAULT_GAP_DAYS if gap is None else float(gap)


def assign(people: pl.DataFrame, scheme: Scheme) -> pl.DataFrame:
    """One row per person of ``people``: scheme_id, customer_id, segment_id, reason. The first rule that holds wins."""
    first = pl.coalesce(pl.when(rule.condition).then(pl.lit(number)) for number, rule in enumerate(scheme.rules))
    numbers = range(len(scheme.rules))
    return people.with_columns(first.alias("_rule")).select(
        pl.lit(scheme.scheme_id).alias("scheme_id"),
        "customer_id",
        pl.col("_rule").replace_strict(numbers, scheme.segment_ids, return_dtype=pl.String).alias("segment_id"),
        pl.col("_rule").replace_strict(numbers, scheme.reasons, return_dtype=pl.String).alias("reason"),
    )


def build_segment_membership(
    *, customers: pl.DataFrame, customer_value: pl.DataFrame, as_of: date, run_id: str
) -> pl.DataFrame:
    """One row per scheme and identified customer who is not staff. ``customer_value`` brings the scores."""
    base = base_customers(customers)
    people = base.join(
        customer_value.select("customer_id", "recency_days", "r_score", "f_score"), on="customer_id", how="left"
    ).with_columns(pl.lit(usual_gap_days(base)).alias("gap_days"))
    is_known = pl.col("region").is_not_null()
    regions = people.select(
        pl.lit("region").alias("scheme_id"),
        "customer_id",
        pl.col("region").fill_null(UNKNOWN).alias("segment_id"),
        pl.when(is_known).then(pl.lit("region of the person")).otherwise(pl.lit("no record says")).alias("reason"),
    )
    frame = pl.concat([*(assign(people, scheme) for scheme in RULE_SCHEMES), regions])
    return TABLES["segment_membership"].conform(frame, as_of=as_of, run_id=run_id)
