"""Why carts are abandoned: what customers met, against carts that came equally far and did not meet it.

Belongs here: exposure, effect sizes and what could be recovered. Stays out: how an exposure is detected (a model of
the warehouse). Everything here is **association**: customers were not assigned to meet a cause, and whoever meets it
may differ. Comparing only carts that reached the same step removes the plainest bias, that a cart must live to meet
anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.abandonment import VALUED, carts_of_customers
from pipelines.analytics.tables import TABLES

REALISATION = 0.3
"""Share of what goes with a cause that mending it is taken to bring back; stated, not estimated."""

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


def with_effects(frame: pl.DataFrame, margin_rate: float | None) -> pl.DataFrame:
    """Add ratios, difference, attributable fraction, p and the recoverable amount to the four counts.

    Recoverable = exposed carts x risk difference x mean value of exposed carts abandoned x margin rate x 0.3, never
    below zero; null where no margin is known.
    """
    a, c = frame["n_abandoned_exposed"].to_numpy(), frame["n_abandoned_unexposed"].to_numpy()
    exposed = frame["n_exposed"].to_numpy()
    effect = stats.two_by_two(a, exposed - a, c, frame["n_at_risk"].to_numpy() - exposed - c)
    named = {
        "risk_ratio": effect.risk_ratio,
        "odds_ratio": effect.odds_ratio,
        "risk_difference": effect.risk_difference,
        "attributable_fraction": effect.attributable_fraction,
    }
    columns = {"p_raw": effect.p}
    for name, found in named.items():
        columns |= {name: found.value, f"{name}_lo": found.lo, f"{name}_hi": found.hi}
    value = pl.col("_lost_value") / pl.col("n_abandoned_exposed") * pl.lit(margin_rate, pl.Float64) * REALISATION
    return frame.with_columns(
        pl.Series(name, values, pl.Float64).fill_nan(None) for name, values in columns.items()
    ).with_columns(
        *(
            (pl.col("n_exposed") * pl.col(f"risk_difference{end}") * value)
            .clip(lower_bound=0)
            .fill_nan(None)
            .alias(f"recoverable_amount_reporting{end}")
            for end in ("", "_lo", "_hi")
        ),
        pl.col("risk_ratio").alias("value"),
        pl.col("risk_ratio_lo").alias("lo"),
        pl.col("risk_ratio_hi").alias("hi"),
        pl.col("n_at_risk").alias("n"),
    )


def margin_rate_of(customers: pl.DataFrame) -> float | None:
    """Margin / net revenue of the customers whose margin is known; None where nobody's is."""
    known = customers.filter(pl.col("margin_amount_reporting").is_not_null())
    net, margin = float(known["net_amount_reporting"].sum()), float(known["margin_amount_reporting"].sum())
    return margin / net if net else None


def with_families(frame: pl.DataFrame) -> pl.DataFrame:
    """Adjust p over the causes and segments of each scheme that are shown."""
    is_tested = ~pl.col("suppressed") & pl.col("p_raw").is_not_null()
    family = (
        pl.when(is_tested).then(pl.concat_str(pl.lit("cart_causes"), "scheme_id", separator="|")).alias("family_id")
    )
    parts = frame.with_columns(family).partition_by("family_id", maintain_order=True)
    adjusted = [
        part.with_columns(pl.Series("p_adj", stats.benjamini_hochberg(part["p_raw"].to_numpy()), pl.Float64))
        for part in parts
    ]
    joined = pl.concat(adjusted) if adjusted else frame.with_columns(family, pl.lit(None, pl.Float64).alias("p_adj"))
    return joined.with_columns(pl.when(is_tested).then(pl.len().over("family_id")).alias("family_size"))


def build_cart_abandonment_causes(
    *,
    carts: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per scheme (the company, the key schemes, region), segment and cause; carts with value, 24 h over."""
    known = carts_of_customers(carts, customers, membership).filter(VALUED)
    frame = exposure_counts(known).join(primary_counts(known), on=[*AT, "cause"], how="full", coalesce=True)
    measured = with_effects(
        frame.filter((pl.col("n_at_risk") > 0) | (pl.col("n_primary") > 0)), margin_rate_of(customers)
    )
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
    return table.conform(with_families(blanked), as_of=as_of, run_id=run_id)
