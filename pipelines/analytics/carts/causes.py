"""Why carts are abandoned: what customers met, against carts that came equally far and did not meet it.

Belongs here: exposure, effect sizes and what could be recovered. Stays out: how an exposure is detected (a model of
the warehouse), and the models that hold other differences fixed (adjusted.py). Everything here is **association**:
customers were not assigned to meet a cause, and whoever meets it may differ in what no system records. Comparing only
carts that reached the same step removes the plainest bias, that a cart must live to meet anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts import adjusted
from pipelines.analytics.carts.abandonment import VALUED, carts_of_customers
from pipelines.analytics.tables import TABLES

REALISATION = 0.3
"""Share of what goes with a cause that mending it is taken to bring back; stated, not estimated."""
DAYS_A_YEAR = 365
FALSE_DISCOVERIES = 0.05
"""Expected share of findings that are chance, within a family."""

SCHEMES = {name: name for name in (*cells.KEY_SCHEMES, "region")}


@dataclass(frozen=True)
class Cause:
    """``exposure`` is the flag of the cart, ``reached`` the flag of the step where it can be met; null: every cart."""

    cause: str
    exposure: str
    reached: str | None = None


# The returns policy is read beside the delivery options. Against all carts it would look like a cure: whoever reads it
# there has already come far.
CAUSES = (
    Cause("shipping_cost", "saw_shipping_cost", "has_shipping"),
    Cause("threshold_gap", "saw_threshold_gap", "has_shipping"),
    Cause("long_delivery", "saw_long_delivery", "has_shipping"),
    Cause("payment_problem", "saw_payment_problem", "has_payment"),
    Cause("error", "saw_error", "has_checkout"),
    Cause("forced_account", "saw_forced_account", "has_checkout"),
    Cause("coupon_failed", "saw_coupon_failed", "has_checkout"),
    Cause("slow_page", "saw_slow_page"),
    Cause("out_of_stock", "saw_out_of_stock"),
    Cause("information_gap", "saw_information_gap"),
    Cause("returns_policy", "saw_returns_policy", "has_shipping"),
    Cause("support", "asked_support"),
    Cause("method_missing", "saw_method_missing", "has_shipping"),
    Cause("price_drop", "saw_price_drop"),
    Cause("coupon_hunting", "saw_coupon_hunting", "has_checkout"),
    Cause("trust", "saw_trust_page"),
    Cause("confusing_checkout", "saw_confusing_checkout", "has_checkout"),
)
NO_EXPOSURE = ("browsing", cells.UNKNOWN)
"""Main causes that are the absence of a sign; they have a share but no effect."""

COUNTS = ("n_at_risk", "n_exposed", "n_abandoned_exposed", "n_abandoned_unexposed")
AT = ["scheme_id", "segment_id"]


def exposure_counts(carts: pl.DataFrame) -> pl.DataFrame:
    """The four cells of each cause by scheme and segment, and the value of exposed carts that were abandoned."""
    abandoned, value = pl.col("is_abandoned"), pl.col("value_amount_reporting")
    parts = []
    for cause in CAUSES:
        at_risk = carts.filter(cause.reached) if cause.reached else carts
        exposed = pl.col(cause.exposure)
        sums = {
            "n_at_risk": pl.len().cast(pl.Int64),
            "n_exposed": exposed.sum().cast(pl.Int64),
            "n_abandoned_exposed": (exposed & abandoned).sum().cast(pl.Int64),
            "n_abandoned_unexposed": (~exposed & abandoned).sum().cast(pl.Int64),
            "_lost_value": value.filter(exposed & abandoned).sum(),
        }
        step = cause.reached.removeprefix("has_") if cause.reached else "cart"
        parts.append(
            cells.totals(at_risk, SCHEMES, sums, day=None, name="scheme_id").with_columns(
                pl.lit(cause.cause).alias("cause"), pl.lit(f"association, carts that reached {step}").alias("basis")
            )
        )
    return pl.concat(parts).rename({"group_id": "segment_id"})


def primary_counts(carts: pl.DataFrame) -> pl.DataFrame:
    """Abandoned carts by scheme, segment and main cause: n_primary and the segment's n_abandoned."""
    lost = carts.filter("is_abandoned")
    names = (*(cause.cause for cause in CAUSES), *NO_EXPOSURE)
    main = pl.col("primary_cause").fill_null(cells.UNKNOWN)
    sums = {name: (main == name).sum().cast(pl.Int64) for name in names}
    wide = cells.totals(lost, SCHEMES, {**sums, "n_abandoned": pl.len().cast(pl.Int64)}, day=None, name="scheme_id")
    return wide.rename({"group_id": "segment_id"}).unpivot(
        names, index=[*AT, "n_abandoned"], variable_name="cause", value_name="n_primary"
    )


def with_ratios(frame: pl.DataFrame) -> pl.DataFrame:
    """Add risk ratio, odds ratio, risk difference and attributable fraction to the four counts, nothing held fixed."""
    a, c = frame["n_abandoned_exposed"].to_numpy(), frame["n_abandoned_unexposed"].to_numpy()
    exposed = frame["n_exposed"].to_numpy()
    effect = stats.two_by_two(a, exposed - a, c, frame["n_at_risk"].to_numpy() - exposed - c)
    named = {
        "risk_ratio": effect.risk_ratio,
        "odds_ratio": effect.odds_ratio,
        "risk_difference": effect.risk_difference,
        "attributable_fraction": effect.attributable_fraction,
    }
    columns: dict[str, stats.Floats] = {}
    for name, found in named.items():
        columns |= {name: found.value, f"{name}_lo": found.lo, f"{name}_hi": found.hi}
    return frame.with_columns(
        pl.Series(name, values, pl.Float64).fill_nan(None) for name, values in columns.items()
    ).with_columns(
        pl.col("risk_ratio").alias("value"),
        pl.col("risk_ratio_lo").alias("lo"),
        pl.col("risk_ratio_hi").alias("hi"),
        pl.col("n_at_risk").alias("n"),
    )


def with_amounts(frame: pl.DataFrame, margin_rate: float | None, days: int) -> pl.DataFrame:
    """Add what goes with the cause in a year, and what of it mending the cause could bring back, from the model.

    Attributable = sum over exposed carts of p(exposed) - p(not exposed), weighted by the cart's value for amounts;
    recoverable = attributable value x 0.3, x margin rate for the margin; never below zero.
    """
    a_year = DAYS_A_YEAR / days if days > 0 else None
    assumed = {
        "observed_days": pl.lit(days, pl.Int64),
        "margin_rate": pl.lit(margin_rate, pl.Float64),
        "realisation": pl.lit(REALISATION, pl.Float64),
    }
    has_model = pl.col("model_risk_difference").is_not_null()
    amounts = []
    for end in ("", "_lo", "_hi"):
        revenue = (pl.col(f"_attributable_value{end}") * a_year * REALISATION).clip(lower_bound=0)
        amounts += [
            (pl.col(f"_attributable{end}") * a_year).alias(f"attributable_carts_year{end}"),
            revenue.alias(f"recoverable_revenue_year{end}"),
            (revenue * pl.lit(margin_rate, pl.Float64)).alias(f"recoverable_margin_year{end}"),
        ]
    return frame.with_columns(
        *amounts, *(pl.when(has_model).then(values).alias(name) for name, values in assumed.items())
    )


def days_of(carts: pl.DataFrame) -> int:
    """Days from the first to the last cart, both counted; 0 without carts."""
    first, last = carts["cart_date"].min(), carts["cart_date"].max()
    return (last - first).days + 1 if isinstance(first, date) and isinstance(last, date) else 0


def margin_rate_of(customers: pl.DataFrame) -> float | None:
    """Margin / net revenue of the customers whose margin is known; None where nobody's is."""
    known = customers.filter(pl.col("margin_amount_reporting").is_not_null())
    net, margin = float(known["net_amount_reporting"].sum()), float(known["margin_amount_reporting"].sum())
    return margin / net if net else None


def with_families(frame: pl.DataFrame) -> pl.DataFrame:
    """Adjust p over the causes and segments of each scheme that are shown."""
    is_tested = ~pl.col("suppressed") & pl.col("p_raw").is_not_null()
    named = pl.when(is_tested).then(pl.concat_str(pl.lit("cart_causes"), "scheme_id", separator="|")).alias("family_id")
    parts = frame.with_columns(named).partition_by("family_id", maintain_order=True)
    adjusted = [
        part.with_columns(
            pl.Series("p_adj", stats.benjamini_hochberg(part["p_raw"].to_numpy()), pl.Float64).fill_nan(None)
        )
        for part in parts
    ]
    joined = pl.concat(adjusted) if adjusted else frame.with_columns(named, pl.lit(None, pl.Float64).alias("p_adj"))
    return joined.with_columns(pl.when(is_tested).then(pl.len().over("family_id")).alias("family_size"))


def with_verdicts(frame: pl.DataFrame) -> pl.DataFrame:
    """higher or lower where the adjusted p says so; untested for the classes that are the absence of a sign."""
    odds = pl.col("model_odds_ratio")
    found = pl.col("p_adj") <= FALSE_DISCOVERIES
    return frame.with_columns(
        pl.when("suppressed")
        .then(pl.lit("suppressed"))
        .when(pl.col("cause").is_in(NO_EXPOSURE))
        .then(pl.lit("untested"))
        .when(pl.col("p_adj").is_null())
        .then(pl.lit("insufficient_n"))
        .when(found & (odds > 1))
        .then(pl.lit("higher"))
        .when(found & (odds < 1))
        .then(pl.lit("lower"))
        .otherwise(pl.lit("no_evidence"))
        .alias("verdict")
    )


def modelled(carts: pl.DataFrame, customers: pl.DataFrame, time_zone: str) -> adjusted.Effects:
    """The adjusted effects of every cause in every scheme."""
    described = adjusted.with_covariates(carts, customers, time_zone)
    return adjusted.effects_of(described, list(SCHEMES), [(c.cause, c.exposure, c.reached) for c in CAUSES])


def with_interactions(frame: pl.DataFrame, tests: pl.DataFrame) -> pl.DataFrame:
    """Beside each scheme's effects: do they differ between segments, with p adjusted over the scheme's causes."""
    known = tests.partition_by("scheme_id", maintain_order=True) or [tests]
    adjusted_p = pl.concat(
        part.with_columns(
            pl.Series("interaction_p_adj", stats.benjamini_hochberg(part["p_raw"].to_numpy())).fill_nan(None)
        )
        for part in known
    ).rename({"statistic": "interaction_chi2", "df": "interaction_df", "p_raw": "interaction_p_raw"})
    p = pl.col("interaction_p_adj")
    return frame.join(adjusted_p, on=["scheme_id", "cause"], how="left").with_columns(
        pl.when(pl.col("cause").is_in(NO_EXPOSURE) | (pl.col("scheme_id") == cells.COMPANY))
        .then(pl.lit("untested"))
        .when(p.is_null())
        .then(pl.lit("insufficient_n"))
        .when(p <= FALSE_DISCOVERIES)
        .then(pl.lit("differs"))
        .otherwise(pl.lit("no_evidence"))
        .alias("interaction")
    )


def build_cart_abandonment_causes(
    *,
    carts: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    time_zone: str,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per scheme (the company, the key schemes, region), segment and cause; carts with value, 24 h over."""
    known = carts_of_customers(carts, customers, membership).filter(VALUED)
    frame = exposure_counts(known).join(primary_counts(known), on=[*AT, "cause"], how="full", coalesce=True)
    effects = modelled(known, customers, time_zone)
    counted = with_ratios(frame.filter((pl.col("n_at_risk") > 0) | (pl.col("n_primary") > 0)))
    together = counted.join(effects.by_segment, on=[*AT, "cause"], how="left").rename({"_p": "p_raw"})
    measured = with_interactions(with_amounts(together, margin_rate_of(customers), days_of(known)), effects.tests)
    marked = disclosure.protect(
        measured,
        COUNTS,
        table_by=("cause",),
        dimension="scheme_id",
        group="segment_id",
        period=None,
        min_cell=min_cell,
    )
    shown = marked.with_columns(
        pl.when(~disclosure.is_small(pl.col("n_abandoned"), min_cell) & (pl.col("n_abandoned") > 0))
        .then(pl.col("n_primary") / pl.col("n_abandoned"))
        .alias("primary_share"),
        pl.col("basis").fill_null("share of abandoned carts"),
        pl.any_horizontal(f"hide_{count}" for count in COUNTS).alias("suppressed"),
    )
    table = TABLES["cart_abandonment_causes"]
    blanked = disclosure.blank(shown, table, pl.col("suppressed"))
    return table.conform(with_verdicts(with_families(blanked)), as_of=as_of, run_id=run_id)
