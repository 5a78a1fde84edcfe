"""Laws of the tables of who customers are and what they are worth.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.law import (
    BASE,
    FAMILY,
    TOLERANCE,
    Context,
    Law,
    breaches,
    hidden_law,
    registry_law,
    side_law,
    sum_law,
)
from pipelines.analytics.segments import profile_laws, scheme_laws, value_laws
from pipelines.analytics.segments.needs import ENOUGH_ORDERS, ENOUGH_TEXTS, MARGIN, MIXED, NEEDS
from pipelines.analytics.segments.value import base_customers


def needs_rest_on_evidence(context: Context) -> list[tuple[int, str]]:
    """Everybody of the base once; a need but mixed leads by the margin, is the highest score, and rests on enough."""
    base = base_customers(context.others["core.dim_customers"]).select("customer_id")
    missing = base.join(context.frame, on="customer_id", how="anti")
    outside = context.frame.join(base, on="customer_id", how="anti")
    is_named = pl.col("need") != MIXED
    own = pl.coalesce(pl.when(pl.col("need") == need).then(pl.col(need)) for need in NEEDS)
    leads = (pl.col("margin") >= MARGIN) & (own >= pl.max_horizontal(NEEDS) - TOLERANCE)
    on_deeds = (pl.col("valid_orders") >= ENOUGH_ORDERS) | (pl.col("texts") >= ENOUGH_TEXTS)
    basis = pl.col("need_basis")
    is_loose = (
        ((basis == "stated") != (pl.col("importance_answers") > 0))
        | ((basis == "observed") & ~on_deeds)
        | ((basis == "none") & is_named)
    )
    trailing = context.frame.filter(is_named & ~leads.fill_null(value=False))
    return (
        breaches(missing, "customers without a need")
        + breaches(outside, "needs of people outside the base")
        + breaches(trailing, "needs that do not lead by the margin")
        + breaches(context.frame.filter(is_loose), "needs whose basis does not bear them")
    )


LAWS: dict[str, tuple[Law, ...]] = {
    **scheme_laws.LAWS,
    "customer_needs": (Law("evidence", "A need without a lead or evidence is a guess.", needs_rest_on_evidence, BASE),),
    "segment_profiles": (
        sum_law(
            "Segments divide the base, so their shares of it sum to 1.",
            "value",
            ("scheme_id", "measure"),
            pl.col("measure").is_in(("share", "revenue_share")),
            "schemes whose shares do not sum to 1",
        ),
        hidden_law(("measure",), ("scheme_id", "segment_id", None)),
        registry_law("measure"),
    ),
    "segment_contrasts": (
        FAMILY,
        side_law("ratio"),
        hidden_law(("measure",), ("scheme_id", "group_id", None)),
        registry_law("measure"),
    ),
    **value_laws.LAWS,
    **profile_laws.LAWS,
}
