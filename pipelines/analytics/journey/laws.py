"""Laws of the tables of what customers do.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.law import (
    FAMILY,
    NOTHING,
    TOLERANCE,
    Context,
    Law,
    breaches,
    hidden_law,
    registry_law,
    sum_law,
)


def funnels_narrow(context: Context) -> list[tuple[int, str]]:
    """No step is reached from the one before by more units than that one; who joins at the steps is who entered."""
    group = ["funnel_id", "breakdown", "group_id"]
    before = pl.col("n_reached").shift(1).over(group, order_by="step_order").fill_null(0)
    rows = context.frame.with_columns(before.alias("_before"))
    wider = rows.filter(pl.col("n_reached") - pl.col("n_joined") > pl.col("_before"))
    entries = (
        rows.filter(~pl.col("suppressed").any().over(group))
        .group_by(group)
        .agg(pl.col("n_joined").sum(), pl.col("n_entered").first())
    )
    return breaches(wider, "steps reached by more units than the step before") + breaches(
        entries.filter(pl.col("n_joined") != pl.col("n_entered")), "funnels whose entries are not n_entered"
    )


def stocks_and_flows_add_up(context: Context) -> list[tuple[int, str]]:
    """End = start + entered - advanced - lost + recovered where all are shown; an end is the next quarter's start."""
    flow = pl.col("n_stock_start") + pl.col("n_entered") - pl.col("n_advanced") - pl.col("n_lost")
    rows = context.frame.filter(pl.col("n_stock_end") != flow + pl.col("n_recovered"))
    before = pl.col("n_stock_end").shift(1).over("phase", "breakdown", "group_id", order_by="period")
    chained = context.frame.filter(pl.col("n_stock_start") != before)
    return breaches(rows, "rows whose stock does not follow from its flows") + breaches(
        chained, "quarters that begin with another stock than the last one ended with"
    )


def cohorts_begin_whole(context: Context) -> list[tuple[int, str]]:
    """Every buyer of a cohort ordered in its first month; a sum over cohorts loses persons as the months go on."""
    begun = (pl.col("metric_id") == "order_retention") & (pl.col("months_since") == 0)
    partial = context.frame.filter(begun & (pl.col("value") < 1 - TOLERANCE))
    before = pl.col("n").shift(1).over("metric_id", "breakdown", "group_id", "cohort", order_by="months_since")
    grown = context.frame.filter(pl.col("n") > before)
    return breaches(partial, "order cohorts not whole in their first month") + breaches(grown, "cohorts that grow")


def flow_has_no_circle(context: Context) -> list[tuple[int, str]]:
    """Following the ranked transitions, nobody comes back to where they were."""
    broken = 0
    ranked = context.frame.filter(pl.col("flow_rank").is_not_null())
    for part in ranked.partition_by("scheme_id", "segment_id"):
        left = part.select("from_step", "to_step")
        while not left.is_empty():
            # A step that nothing leads to any more is on no circle; what it leads to is looked at next.
            kept = left.filter(pl.col("from_step").is_in(left["to_step"].implode()))
            if kept.height == left.height:
                broken += kept.height
                break
            left = kept
    return [(broken, "ranked transitions on a circle")] if broken else []


LAWS: dict[str, tuple[Law, ...]] = {
    "funnel_steps": (
        Law("never_widen", "Nobody reaches a step without the step before.", funnels_narrow, NOTHING),
        FAMILY,
        hidden_law(("funnel_id", "step_order"), ("breakdown", "group_id", None), "n_reached"),
    ),
    "path_transitions": (
        sum_law(
            "Every exit from a step goes somewhere, if only to END.",
            "value",
            ("scheme_id", "segment_id", "from_step"),
            pl.lit(value=True),
            "steps whose next steps do not sum to 1",
        ),
        Law("no_circle", "The picture of the flow shows each way once, forward.", flow_has_no_circle, NOTHING),
    ),
    "path_differences": (FAMILY,),
    "channel_behaviour": (
        hidden_law(("measure",), ("breakdown", "group_id", None)),
        registry_law("measure"),
    ),
    "journey_flow": (
        Law("stock_flow", "Nobody comes or goes uncounted.", stocks_and_flows_add_up, NOTHING),
        hidden_law(("phase", "period"), ("breakdown", "group_id", None), "n_entered"),
    ),
    "retention": (
        Law("begins_whole", "A cohort is who was there at its beginning.", cohorts_begin_whole, NOTHING),
        registry_law("metric_id"),
    ),
}
