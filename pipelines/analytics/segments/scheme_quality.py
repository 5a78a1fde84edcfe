"""How good a division of the customers is: do its segments differ, is everybody in one, can they be reached.

Belongs here: measures of a whole scheme. Stays out: measures of one segment (profiles.py).

Segments differ where knowing the segment tells something of a person: eta squared is the share of the variance of an
outcome between segments. It is taken on the ranks of the outcome, because revenue is skewed and one large buyer would
decide it; its interval is that of the noncentral F distribution. A scheme made of the outcome itself (value_rfm and
orders) differs by construction. A segment can be acted on that is named, holds 2 % of the base or more, and has enough
people who may be written to that an offer can be tested.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from statsmodels.stats.oneway import confint_effectsize_oneway

from pipelines.analytics import disclosure, stats
from pipelines.analytics.segments.schemes import schemes_of
from pipelines.analytics.segments.value import base_customers
from pipelines.analytics.tables import TABLES

OUTCOMES = {
    "revenue_eta_squared": "net_amount_reporting_365d",
    "orders_eta_squared": "n_orders",
    "tickets_eta_squared": "n_tickets",
}
SUBSTANTIAL = 0.02
TESTABLE = 100
"""People with consent that an offer needs: 50 with it and 50 without."""


def eta_squared(between: float, total: float, groups: int, n: int) -> tuple[float, float, float]:
    """Share of the variance between groups, and its 95 % interval; NaN where there is nothing to compare."""
    if groups < 2 or n <= groups or total <= 0:
        return np.nan, np.nan, np.nan
    value = min(between / total, 1.0)
    if value >= 1 - 1e-12:
        return 1.0, 1.0, 1.0
    freedom = (groups - 1, n - groups)
    with np.errstate(divide="ignore"):  # an end at zero
        ends = confint_effectsize_oneway(value / (1 - value) * freedom[1] / freedom[0], freedom).eta2
    return value, min(float(ends[0]), value), max(float(ends[1]), value)


def _differences(ranked: pl.DataFrame, membership: pl.DataFrame) -> list[dict[str, object]]:
    """Eta squared of each scheme and outcome. ``ranked`` holds the outcomes as centred ranks by customer."""
    names = list(OUTCOMES)
    sums = (
        membership.join(ranked, on="customer_id")
        .group_by("scheme_id", "segment_id")
        .agg(pl.len(), pl.col(names).sum())
        .group_by("scheme_id")
        .agg(
            pl.len().alias("groups"),
            pl.col("len").sum().alias("n"),
            *((pl.col(name) ** 2 / pl.col("len")).sum() for name in names),
        )
        .sort("scheme_id")
    )
    totals = ranked.select((pl.col(names) ** 2).sum()).row(0, named=True)
    rows: list[dict[str, object]] = []
    for row in sums.iter_rows(named=True):
        for name in names:
            value, lo, hi = eta_squared(row[name], totals[name], row["groups"], row["n"])
            told = {"measure": name, "value": value, "lo": lo, "hi": hi, "n": row["n"], "basis": "ranks"}
            rows.append({"scheme_id": row["scheme_id"], **told, "_part": None})
    return rows


def build_scheme_quality(
    *,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    definitions: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per scheme and measure."""
    table = TABLES["scheme_quality"]
    people = base_customers(customers).sort("customer_id")
    if people.is_empty() or membership.is_empty():
        return table.empty()
    ranked = people.select("customer_id", *(pl.col(column).rank().alias(name) for name, column in OUTCOMES.items()))
    ranked = ranked.with_columns(pl.col(name) - pl.col(name).mean() for name in OUTCOMES)
    rest = pl.DataFrame(
        [(scheme.scheme_id, scheme.otherwise.segment_id) for scheme in schemes_of(definitions)],
        schema={"scheme_id": pl.String, "segment_id": pl.String},
        orient="row",
    ).with_columns(pl.lit(value=True).alias("is_rest"))
    sizes = (
        membership.join(people.select("customer_id", "has_email_marketing_consent"), on="customer_id")
        .group_by("scheme_id", "segment_id")
        .agg(pl.len().cast(pl.Int64).alias("n"), pl.col("has_email_marketing_consent").sum().alias("reachable"))
        .join(rest, on=["scheme_id", "segment_id"], how="left")
    )
    acts = (
        pl.col("is_rest").is_null() & (pl.col("n") >= SUBSTANTIAL * people.height) & (pl.col("reachable") >= TESTABLE)
    )
    has_small = disclosure.is_small(pl.col("n"), min_cell).any()
    parts = (
        sizes.group_by("scheme_id")
        .agg(
            pl.col("n").filter(pl.col("is_rest")).sum().alias("other_share"),
            pl.col("n").min().alias("smallest_share"),
            pl.col("n").filter(acts).sum().alias("actionable_share"),
            pl.col("n").sum().alias("base"),
            has_small.alias("has_small"),
        )
        .unpivot(
            ("other_share", "smallest_share", "actionable_share"),
            index=["scheme_id", "base", "has_small"],
            variable_name="measure",
            value_name="_part",
        )
        .sort("scheme_id", "measure")
    )
    share = stats.wilson(parts["_part"].to_numpy(), parts["base"].to_numpy())
    shares = parts.with_columns(
        *(pl.Series(name, getattr(share, name), pl.Float64) for name in ("value", "lo", "hi")),
        pl.col("base").alias("n"),
        pl.lit("customers").alias("basis"),
    )
    # A part that is small, or whose rest is, is hidden; so are all parts of a scheme with a small segment: the one
    # hidden beside it could be the part shown here.
    gives = disclosure.is_small(pl.col("_part"), min_cell) | disclosure.is_small(
        pl.col("base") - pl.col("_part"), min_cell
    )
    columns = ["scheme_id", "measure", "value", "lo", "hi", "n", "basis", "hide"]
    differences = pl.DataFrame(
        _differences(ranked, membership), schema_overrides={"n": pl.Int64, "_part": pl.Int64}, infer_schema_length=None
    ).with_columns(disclosure.is_small(pl.col("n"), min_cell).alias("hide"))
    frame = pl.concat(
        [differences.select(columns), shares.with_columns((pl.col("has_small") | gives).alias("hide")).select(columns)]
    )
    return table.conform(disclosure.blank(frame, table, pl.col("hide")), as_of=as_of, run_id=run_id)
