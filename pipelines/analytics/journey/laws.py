"""Laws of the tables of what customers do.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from pipelines.analytics import cells
from pipelines.analytics.journey.attribution_rules import COUNTED
from pipelines.analytics.law import (
    FAMILY,
    NOTHING,
    TOLERANCE,
    Context,
    Law,
    breaches,
    hidden_law,
    hidden_stays_hidden,
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
        rows.filter(~(pl.col("suppressed") | pl.col("n_joined").is_null()).any().over(group))
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


def orders_are_allotted_whole(context: Context) -> list[tuple[int, str]]:
    """The credits of a rule sum to the group's orders, and the company's to all of the year but staff's.

    Every rule and group has a row for each channel, so that no class can be left out.
    """
    rows = context.frame
    stamp = rows["as_of"].first()
    sums = rows.group_by("rule", "breakdown", "group_id").agg(
        pl.col("credited_orders", "credited_amount_reporting").sum(),
        pl.col("n").max(),
        pl.col("suppressed").any(),
        pl.len().alias("_channels"),
        (pl.col("n").max() != pl.col("n").min()).alias("_differ"),
    )
    off = pl.col("credited_orders") - pl.col("n")
    slack = TOLERANCE * pl.col("n")
    partial = sums.filter((off > slack) | (~pl.col("suppressed") & (off < -slack)))
    fewer = sums.filter(pl.col("_differ") | (pl.col("_channels") != rows["channel"].n_unique()))

    staff = context.others["core.dim_customers"].filter("is_staff")["customer_id"]
    last = pl.lit(stamp, pl.Date)
    placed = context.others["core.fct_orders"].filter(
        "is_valid",
        ~pl.col("customer_id").is_in(staff.implode()).fill_null(value=False),
        pl.col("order_date") > last.dt.offset_by("-12mo"),
        pl.col("order_date") <= last,
    )
    amount = float(placed["net_amount_reporting"].sum())
    excess = pl.col("credited_amount_reporting") - amount
    slack = pl.lit(TOLERANCE * max(abs(amount), 1.0))
    lost = sums.filter(pl.col("breakdown") == cells.COMPANY).filter(
        (pl.col("n") != placed.height) | (~pl.col("suppressed") & (excess.abs() > slack))
    )
    return (
        breaches(partial, "rules whose credits are not the orders")
        + breaches(fewer, "rules without a row for each channel, or with several totals")
        + breaches(lost, "rules that lose orders or revenue of the company")
    )


def channels_stay_hidden(context: Context) -> list[tuple[int, str]]:
    """No hidden channel follows from the company's; nor, where orders are given whole, from the group's."""
    rows, counted = context.frame, pl.col("rule").is_in(COUNTED)
    # A group's total stands in each of its rows; it is hidden where no row shows it.
    totals = (
        rows.filter(counted)
        .group_by("rule", "breakdown", "group_id")
        .agg(pl.col("n").max())
        .with_columns(pl.lit(cells.ALL).alias("channel"), pl.col("n").is_null().alias("suppressed"))
    )
    whole = pl.concat([rows.filter(counted), totals], how="diagonal")
    return hidden_stays_hidden(
        replace(context, frame=whole), "n_orders", ("rule",), ("breakdown", "group_id", "channel")
    ) + hidden_stays_hidden(
        replace(context, frame=rows.filter(~counted)), "n_orders", ("rule", "channel"), ("breakdown", "group_id", None)
    )


ORDERS_OF_ALL = {
    "core.fct_orders": ("customer_id", "order_date", "is_valid", "net_amount_reporting"),
    "core.dim_customers": ("customer_id", "is_staff"),
}

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
    "attribution": (
        Law("allotted_whole", "An order is allotted once, none is lost.", orders_are_allotted_whole, ORDERS_OF_ALL),
        *(
            sum_law(
                "Every order is allotted, if only to none.",
                share,
                ("rule", "breakdown", "group_id"),
                pl.lit(value=True),
                "rules whose shares do not sum to 1",
            )
            for share in ("value", "amount_share")
        ),
        Law("hidden_stays_hidden", "A hidden channel that follows is not hidden.", channels_stay_hidden, NOTHING),
    ),
}
