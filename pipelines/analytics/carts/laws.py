"""Laws of the tables of carts, why they are left and what that costs.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics import cells
from pipelines.analytics.law import (
    FAMILY,
    NOTHING,
    TOLERANCE,
    Context,
    Law,
    breaches,
    hidden_law,
    registry_law,
    side_law,
    sum_law,
)


def pains_multiply(context: Context) -> list[tuple[int, str]]:
    """An amount is on the side of its severity, and nobody is more than everybody."""
    rows = context.frame
    side = rows.filter(pl.col("value") * pl.col("severity") < -TOLERANCE)
    parts = rows.filter((pl.col("n_affected") > pl.col("n")) | ~pl.col("frequency").is_between(0, 1))
    return breaches(side, "amounts against the side of their severity") + breaches(
        parts, "more affected than there are"
    )


def shares_are_counted(context: Context) -> list[tuple[int, str]]:
    """A share is the units that met it among all of them."""
    gap = (pl.col("value") - pl.col("n_affected") / pl.col("n")).abs() > TOLERANCE
    return breaches(context.frame.filter(gap), "shares that are not their counts")


def parts_add_up(context: Context) -> list[tuple[int, str]]:
    """The three parts of a what-if sum to it, and today's threshold changes nothing."""
    parts = pl.col("conversion_year") + pl.col("top_up_year") + pl.col("subsidy_year")
    gap = (parts - pl.col("value")).abs() > TOLERANCE * pl.max_horizontal(pl.col("value").abs(), pl.lit(1.0))
    today = context.frame.filter((pl.col("verdict") == "current") & (pl.col("value").abs() > TOLERANCE))
    return breaches(context.frame.filter(gap), "candidates whose parts do not add up") + breaches(
        today, "changes by none"
    )


def rules_add_up(context: Context) -> list[tuple[int, str]]:
    """The outcomes of each rule are all its abandonments, and those are the warehouse's."""
    carts = cells.without_staff(context.others["journey.fct_carts"], context.others["core.dim_customers"])
    totals = {"cart_only": carts["is_abandoned"].sum(), "session_only": carts["n_session_exits"].sum()}
    broken = []
    for rule, total in totals.items():
        rows = context.frame.filter(pl.col("counted_by").is_in(["both", rule]))
        if not rows["suppressed"].any() and rows["n_outcome"].sum() != total:
            broken.append((1, f"abandonments of rule {rule} are not the sum of their outcomes"))
    shown = context.frame.filter(pl.col("counted_by").is_in(["both", "cart_only"]) & ~pl.col("suppressed"))
    broken += breaches(shown.filter(pl.col("n") != totals["cart_only"]), "rows whose n is not the abandoned carts")
    return broken


LAWS: dict[str, tuple[Law, ...]] = {
    "cart_abandonment": (
        hidden_law(("metric_id",), ("breakdown", "group_id", "period")),
        registry_law("metric_id"),
    ),
    "cart_session_rule": (
        Law(
            "rules_add_up",
            "An abandonment counted by either rule has one outcome: none is lost, none is told twice.",
            rules_add_up,
            {
                "journey.fct_carts": ("customer_id", "is_abandoned", "n_session_exits"),
                "core.dim_customers": ("customer_id", "is_staff"),
            },
        ),
    ),
    "cart_abandonment_causes": (
        sum_law(
            "Each abandoned cart has one main cause.",
            "primary_share",
            ("scheme_id", "segment_id"),
            pl.lit(value=True),
            "segments whose main causes do not sum to 1",
        ),
        FAMILY,
        side_law("model_odds_ratio"),
        hidden_law(("cause",), ("scheme_id", "segment_id", None), "n_at_risk"),
    ),
    "pain_points": (
        Law("multiplies", "The amount is frequency x severity x value.", pains_multiply, NOTHING),
        hidden_law(("kind", "pain"), ("scheme_id", "segment_id", None)),
    ),
    "pain_quarters": (Law("counted", "A share is what its counts say.", shares_are_counted, NOTHING),),
    "shipping_what_if": (Law("parts_sum", "Conversion, top-up and subsidy are all there is.", parts_add_up, NOTHING),),
}
