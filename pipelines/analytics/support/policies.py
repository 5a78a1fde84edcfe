"""Promises to customers: how often they are kept, and which topics have none.

Belongs here: attainment of the policies of a seed by quarter, and the matrix of topics they cover. Stays out: what is
promised (seed ``service_policies``), and the times themselves (``times``).

A ticket falls under the first policy of a measure whose topic, channel and priority fit; an empty cell fits all. It is
judged once its time is up, kept or not: tickets still inside their time say nothing yet, and neither do young tickets
that were quick, for of their year only the quick would be judged.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.support.kpis import with_common_topics
from pipelines.analytics.support.times import CLOCKS, DURATIONS, timed
from pipelines.analytics.tables import TABLES

SCOPES = ("topic", "channel", "priority")
ANY = "any"
MET, MISSED, UNCLEAR, SUPPRESSED = "met", "missed", "unclear", "suppressed"
MEASURES = ("first_reply", "resolution")
"""What can be promised. The first solution is not: a ticket solved too early and reopened would keep it."""


def policies_of(policies: pl.DataFrame, measure: str) -> pl.DataFrame:
    """The policies of a measure in the order in which they are asked."""
    return policies.filter(pl.col("measure") == measure).sort("policy_order", "policy")


def with_policy(tickets: pl.DataFrame, policies: pl.DataFrame, measure: str) -> pl.DataFrame:
    """The tickets with ``policy``: the first policy of the measure that fits, null where none does."""
    found = []
    for policy in policies_of(policies, measure).iter_rows(named=True):
        fits = [pl.col(scope) == policy[scope] for scope in SCOPES if policy[scope] is not None]
        found.append(pl.when(pl.all_horizontal(fits or [pl.lit(value=True)])).then(pl.lit(policy["policy"])))
    return tickets.with_columns(pl.coalesce(*found, pl.lit(None, pl.String)).alias("policy"))


def judged(tickets: pl.DataFrame, policies: pl.DataFrame) -> pl.DataFrame:
    """The tickets whose time is up under their policy: policy, opened_date, is_kept."""
    parts = []
    for duration in DURATIONS:
        if duration.measure not in MEASURES:
            continue
        held = with_policy(tickets, policies, duration.measure).join(
            policies.select("policy", "clock", "target_minutes"), on="policy"
        )
        for clock in CLOCKS:
            ended = timed(held.filter(pl.col("clock") == clock), duration, clock)
            is_up = pl.col(f"age_minutes_{clock}") > pl.col("target_minutes")
            is_kept = pl.col("_done") & (pl.col("_minutes") <= pl.col("target_minutes"))
            parts.append(
                # Closed inside its time without a reply: none was owed.
                ended.filter(is_up & (pl.col("_done") | (pl.col("_minutes") > pl.col("target_minutes")))).select(
                    "policy", "opened_date", is_kept.alias("is_kept")
                )
            )
    return pl.concat(parts)


def build_service_policies(
    *,
    tickets: pl.DataFrame,
    policies: pl.DataFrame,
    customers: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per policy and quarter of opening with a ticket judged under it, and one over all quarters."""
    sums = {"n": pl.len().cast(pl.Int64), "_kept": pl.col("is_kept").sum().cast(pl.Int64)}
    under = judged(cells.without_staff(tickets, customers), policies)
    counted = cells.totals(under, {"policy": "policy"}, sums, day="opened_date")
    frame = counted.filter(pl.col("breakdown") == "policy").with_columns(
        cells.quarter_label(pl.col("_quarter")).alias("period")
    )
    marked = disclosure.protect(
        frame,
        ("n",),
        table_by=("group_id",),
        dimension="breakdown",
        group="group_id",
        period="period",
        min_cell=min_cell,
    )
    share = stats.wilson(marked["_kept"].to_numpy(), marked["n"].to_numpy())
    target = pl.col("target_share")
    rows = (
        marked.rename({"group_id": "policy"})
        .with_columns(pl.Series(name, getattr(share, name), pl.Float64) for name in ("value", "lo", "hi"))
        .join(policies, on="policy")
        .with_columns(
            *(pl.col(scope).fill_null(ANY) for scope in SCOPES),
            pl.when("hide_n")
            .then(pl.lit(SUPPRESSED))
            .when(pl.col("lo") >= target)
            .then(pl.lit(MET))
            .when(pl.col("hi") < target)
            .then(pl.lit(MISSED))
            .otherwise(pl.lit(UNCLEAR))
            .alias("verdict"),
            pl.lit("tickets whose time is up").alias("basis"),
        )
    )
    table = TABLES["service_policies"]
    return table.conform(disclosure.blank(rows, table, pl.col("hide_n")), as_of=as_of, run_id=run_id)


def build_service_coverage(
    *,
    tickets: pl.DataFrame,
    policies: pl.DataFrame,
    topics: pl.DataFrame,
    customers: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per topic and measure that can be promised: the share of its tickets with a promise, and which it is."""
    asked = with_common_topics(cells.without_staff(tickets, customers), min_cell)
    parts = []
    for measure in MEASURES:
        counted = (
            with_policy(asked, policies, measure)
            .group_by(pl.col("topic").fill_null(cells.UNKNOWN))
            .agg(
                pl.len().cast(pl.Int64).alias("n"),
                pl.col("policy").is_not_null().sum().cast(pl.Int64).alias("_covered"),
                pl.col("policy").drop_nulls().unique().sort().str.join("+").alias("policies"),
            )
        )
        known = topics.join(counted, on="topic", how="full", coalesce=True)
        parts.append(known.with_columns(pl.lit(measure).alias("measure")))
    frame = pl.concat(parts).with_columns(
        pl.col("n", "_covered").fill_null(0),
        pl.col("stage").fill_null(cells.UNKNOWN),
        pl.when(pl.col("policies") != "").then("policies").alias("policies"),
    )
    share = stats.wilson(frame["_covered"].to_numpy(), frame["n"].to_numpy())
    hidden = disclosure.is_small(pl.col("n"), min_cell)
    rows = frame.with_columns(
        *(pl.Series(name, getattr(share, name), pl.Float64) for name in ("value", "lo", "hi")),
        pl.when(~hidden & (pl.col("n") > 0)).then(pl.col("_covered") * 2 < pl.col("n")).alias("is_gap"),
        pl.when(~hidden).then("policies").alias("policies"),
        pl.lit("tickets opened").alias("basis"),
    )
    table = TABLES["service_coverage"]
    return table.conform(disclosure.blank(rows, table, hidden), as_of=as_of, run_id=run_id)
