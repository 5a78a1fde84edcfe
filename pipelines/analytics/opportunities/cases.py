"""Opportunities and their business case: what mending could bring, what it costs, when it has paid for itself.

Belongs here: the value, the cost, the grade of the evidence and the plan. Stays out: what speaks for an opportunity
(signs.py), and whether it helped once done (checks.py).

    value a year   = amount that goes with one costed sign x share of it that comes back
    benefit a year = value x margin rate - running cost
    payback        = cost / benefit

Signs of one opportunity overlap (the cart that met an error is the session that did), so one counts alone: a cause of
carts, whose amount holds other differences fixed, before a plain pain; among these the largest. The share that comes
back is an assumption of the seed ``opportunity_remedies``, given as a range. Ends go with ends: the low end of the
value is the low end of the amount at the low share. So lo and hi are a range wider than a 95 % interval, and all of it
rests on an association being a cause: a try with a holdout is what proves a remedy.

An opportunity is listed while something supports it or somebody has planned it; ids stand in the seed, and never
change, whatever ranks and amounts do.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics.carts.causes import margin_rate_of
from pipelines.analytics.opportunities.checks import with_checks
from pipelines.analytics.opportunities.signs import SUPPORTS
from pipelines.analytics.tables import TABLES

HORIZON_MONTHS = 36
"""A case that has not paid for itself in three years is not called one that pays."""
OWNER = "customer-insight"
NO_REMEDY = "No remedy in the catalogue yet: look into it, and add one."
ENDS = ("", "_lo", "_hi")
MID, LOW, HIGH = ENDS


def middle(low: str, high: str) -> pl.Expr:
    return (pl.col(low) + pl.col(high)) / 2


def sized(evidence: pl.DataFrame) -> pl.DataFrame:
    """The costed sign each opportunity is valued by: adjusted before plain, then the largest, then by name."""
    costed = evidence.filter((pl.col("verdict") == SUPPORTS) & pl.col("amount_year").is_not_null())
    is_plain = pl.col("found_in") != "cart_abandonment_causes"
    return (
        costed.sort("opportunity_id", is_plain, -pl.col("amount_year"), "found_in", "finding")
        .unique("opportunity_id", keep="first", maintain_order=True)
        .select(
            "opportunity_id",
            *(f"amount_year{end}" for end in ENDS),
            pl.format("{}:{}", "found_in", "finding").alias("sized_by"),
            "n",
            pl.col("basis").alias("_basis"),
        )
    )


def graded(evidence: pl.DataFrame) -> pl.DataFrame:
    """Kinds of source that support each opportunity, the segments they name, and where it is felt."""
    supporting = evidence.filter(pl.col("verdict") == SUPPORTS)

    def listed(column: str) -> pl.Expr:
        return pl.col(column).drop_nulls().unique().sort().str.join(", ").alias(f"_{column}")

    hit = supporting.with_columns(pl.col("segments_hit").str.split(", ")).explode("segments_hit", empty_as_null=True)
    return (
        supporting.group_by("opportunity_id")
        .agg(listed("source_kind"), listed("felt_stage"), pl.col("source_kind").n_unique().alias("sources"))
        .join(hit.group_by("opportunity_id").agg(listed("segments_hit")), on="opportunity_id", how="left")
        .with_columns(
            pl.col(f"_{name}").replace("", None).alias(name) for name in ("source_kind", "felt_stage", "segments_hit")
        )
    )


def in_reporting(remedies: pl.DataFrame, rates: pl.DataFrame, currency: str, as_of: date) -> pl.DataFrame:
    """Costs in the reporting currency by the last rate of as_of or before; null where there is none."""
    last = (
        rates.filter(pl.col("rate_date") <= as_of)
        .sort("currency", "rate_date")
        .group_by("currency")
        .agg(pl.col("fx_rate").last())
    )
    rate = pl.when(pl.col("currency") == currency).then(1.0).otherwise(pl.col("fx_rate"))
    costs = ("cost_lo", "cost_hi", "running_cost_lo", "running_cost_hi")
    return remedies.join(last, on="currency", how="left").with_columns(pl.col(name) * rate for name in costs)


def valued(frame: pl.DataFrame, margin_rate: float | None) -> pl.DataFrame:
    """Add value, benefit and payback, each with both ends, and what the case comes to."""
    share = {MID: middle("realisation_lo", "realisation_hi")}
    share |= {LOW: pl.col("realisation_lo"), HIGH: pl.col("realisation_hi")}
    running = {MID: middle("running_cost_lo", "running_cost_hi")}
    running |= {LOW: pl.col("running_cost_hi"), HIGH: pl.col("running_cost_lo")}
    values = {f"value_year{end}": (pl.col(f"amount_year{end}") * share[end]).clip(lower_bound=0.0) for end in ENDS}
    rate = pl.lit(margin_rate, pl.Float64)
    benefits = {f"benefit_year{end}": pl.col(f"value_year{end}") * rate - running[end] for end in ENDS}

    def months(cost: str, benefit: str) -> pl.Expr:
        return pl.when(pl.col(benefit) > 0).then(pl.col(cost) * 12 / pl.col(benefit))

    best, worst = pl.col("payback_months_best"), pl.col("payback_months_worst")
    return (
        frame.with_columns(value.alias(name) for name, value in values.items())
        .with_columns(benefit.alias(name) for name, benefit in benefits.items())
        .with_columns(
            months("cost_lo", f"benefit_year{HIGH}").alias("payback_months_best"),
            months("cost_hi", f"benefit_year{LOW}").alias("payback_months_worst"),
            rate.alias("margin_rate"),
        )
        .with_columns(
            pl.when(pl.col(f"benefit_year{HIGH}").is_null() | pl.col("cost_lo").is_null())
            .then(pl.lit("not_costed"))
            .when(worst <= HORIZON_MONTHS)
            .then(pl.lit("pays_back"))
            .when(best <= HORIZON_MONTHS)
            .then(pl.lit("may_pay_back"))
            .otherwise(pl.lit("does_not_pay_back"))
            .alias("business_case")
        )
    )


def planned(frame: pl.DataFrame, plans: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Add what people have written down: owner, status, dates; an idea of the catalogue's owner where nobody has."""
    given = frame.join(plans.rename({"owner": "_planned_owner"}), on="opportunity_id", how="left")
    return given.with_columns(
        pl.coalesce("_planned_owner", "owner", pl.lit(OWNER)).alias("owner"),
        pl.col("status").fill_null("idea"),
    ).with_columns(
        ((pl.col("review_by") < as_of) & (pl.col("status") != "dropped")).fill_null(value=False).alias("is_overdue")
    )


def assumptions() -> pl.Expr:
    """What has to hold for the value, in words."""

    def percent(column: str) -> pl.Expr:
        return (pl.col(column) * 100).round(0).cast(pl.Int64)

    words = pl.format(
        "{} to {}% of what goes with it comes back; margin {}% of revenue; the association is a cause; costs: {}",
        percent("realisation_lo"),
        percent("realisation_hi"),
        percent("margin_rate"),
        pl.col("source").fill_null("none given"),
    )
    return pl.when(pl.col("value_year").is_not_null()).then(words)


def listed(remedies: pl.DataFrame, evidence: pl.DataFrame, plans: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """The opportunities that something supports or somebody planned; those without a remedy take the finding's name.

    A plan counts where the data can speak of it at all: one about carts is silent where no system records any.
    """
    supporting = evidence.filter(pl.col("verdict") == SUPPORTS)
    watched = remedies.join(units, left_on=["watched_kind", "watched_pain"], right_on=["kind", "pain"], how="semi")
    spoken_of = pl.concat([evidence.select("opportunity_id"), watched.select("opportunity_id")])
    planned_ones = plans.select("opportunity_id").join(spoken_of, on="opportunity_id", how="semi")
    ids = pl.concat([supporting.select("opportunity_id"), planned_ones]).unique()
    own = supporting.group_by("opportunity_id").agg(
        pl.col("felt_stage").drop_nulls().sort().first().alias("_felt"), pl.col("finding").sort().first()
    )
    finding = pl.col("finding").str.replace_all("[_:]", " ")
    return (
        ids.join(remedies, on="opportunity_id", how="left")
        .join(own, on="opportunity_id", how="left")
        .with_columns(
            pl.coalesce("map_stage", "_felt", pl.lit("unknown")).alias("stage"),
            pl.coalesce("title", pl.format("Look into: {}", finding)).alias("title"),
            pl.coalesce("problem", pl.format("Customers meet: {}", finding)).alias("problem"),
            pl.col("remedy").fill_null(NO_REMEDY),
        )
        .drop("finding", "_felt")
    )


def build_opportunities(
    *,
    evidence: pl.DataFrame,
    remedies: pl.DataFrame,
    plans: pl.DataFrame,
    stages: pl.DataFrame,
    rates: pl.DataFrame,
    customers: pl.DataFrame,
    units: pl.DataFrame,
    currency: str,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per opportunity that something supports or somebody planned; ``units`` are what checks look at."""
    table = TABLES["opportunities"]
    names = stages.select(
        pl.col("map_stage").alias("stage"),
        pl.col("map_stage_name").alias("stage_name"),
        pl.col("map_stage_order").alias("stage_order"),
    ).unique()
    found = (
        listed(in_reporting(remedies, rates, currency, as_of), evidence, plans, units)
        .join(names, on="stage", how="left")
        .join(sized(evidence), on="opportunity_id", how="left")
        .join(graded(evidence), on="opportunity_id", how="left")
    )
    known = planned(valued(found, margin_rate_of(customers)), plans, as_of).with_columns(
        pl.col("sources").fill_null(0).alias("evidence_sources"),
        pl.lit(currency).alias("currency"),
        pl.lit(value=False).alias("suppressed"),
        *(pl.col(f"value_year{end}").alias(name) for end, name in zip(ENDS, ("value", "lo", "hi"), strict=True)),
        pl.coalesce("_basis", pl.lit("not costed")).alias("basis"),
    )
    described = known.with_columns(
        assumptions().alias("assumptions"),
        pl.when(pl.col("evidence_sources") >= 2)
        .then(pl.lit("triangulated"))
        .when(pl.col("evidence_sources") == 1)
        .then(pl.lit("single"))
        .otherwise(pl.lit("none"))
        .alias("evidence_grade"),
    )
    return table.conform(with_checks(described, units, as_of, min_cell), as_of=as_of, run_id=run_id)
