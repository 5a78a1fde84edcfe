"""Laws of the tables of models of value.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.cells import ALL
from pipelines.analytics.law import (
    ESTIMATES,
    FAMILY,
    NOTHING,
    TOLERANCE,
    Context,
    Law,
    breaches,
    hidden_law,
    registry_law,
)
from pipelines.analytics.segments.value_backtest import MODEL
from pipelines.analytics.segments.value_concentration import TOP
from pipelines.analytics.segments.value_costs import BOTH, SERVICE
from pipelines.analytics.segments.value_fit import AT_LIMIT, CONVERGED, USABLE
from pipelines.analytics.segments.value_forecast import DOUBTED, MODELS


def forecasts_are_possible(context: Context) -> list[tuple[int, str]]:
    """Chances are between 0 and 1, expectations not negative, and a lifetime value stands exactly where it may."""
    frame = context.frame
    chance = frame.filter(~pl.col("p_alive").is_between(0, 1))
    negative = frame.filter(pl.any_horizontal(pl.col("expected_orders", "expected_revenue") < 0))
    told = pl.col("clv").is_not_null()
    may = pl.col("clv_status").is_in((CONVERGED, AT_LIMIT, DOUBTED))
    loose = frame.filter((told != may) | (told != pl.col("clv_basis").is_not_null()))
    return (
        breaches(chance, "chances that are none")
        + breaches(negative, "expectations below zero")
        + breaches(loose, "rows whose status does not say whether there is a lifetime value")
    )


def fits_are_told(context: Context) -> list[tuple[int, str]]:
    """A model has all its parameters, one status and one likelihood; those that are usable are above zero."""
    fitted = context.frame.filter(pl.concat_list("model", "parameter").is_in(_PARAMETERS))
    groups = fitted.group_by("model").agg(pl.len(), pl.col("status", "log_likelihood").n_unique())
    sizes = {model: len(names) for model, names in MODELS.items()}
    parts = groups.filter(
        (pl.col("len") != pl.col("model").replace_strict(sizes, default=0))
        | (pl.col("status") != 1)
        | (pl.col("log_likelihood") != 1)
    )
    is_good = pl.col("status").is_in(USABLE) & ~pl.col("suppressed")
    wrong = fitted.filter(is_good & ((pl.col("value").fill_null(0) <= 0) | pl.col("log_likelihood").is_null()))
    unsure = fitted.filter((pl.col("status") == CONVERGED) & ~pl.col("suppressed") & pl.col("lo").is_null())
    return (
        breaches(parts, "models with parameters missing or two statuses")
        + breaches(wrong, "fitted parameters that cannot be")
        + breaches(unsure, "converged parameters without an interval")
    )


def tenths_add_up(context: Context) -> list[tuple[int, str]]:
    """The tenths hold everybody once, and what they predict is what was predicted for all."""
    rows = context.frame.filter((pl.col("statistic") == "observed_mean") & ~pl.col("suppressed"))
    is_all = pl.col("decile") == ALL
    sums = rows.group_by("measure").agg(
        (~is_all).sum().alias("_tenths"),
        pl.col("n").filter(~is_all).sum().alias("_n"),
        pl.col("n").filter(is_all).sum().alias("_all"),
        (pl.col("n") * pl.col("predicted")).filter(~is_all).sum().alias("_predicted"),
        (pl.col("n") * pl.col("predicted")).filter(is_all).sum().alias("_predicted_all"),
    )
    off = (pl.col("_predicted") - pl.col("_predicted_all")).abs() > TOLERANCE * (1 + pl.col("_predicted_all").abs())
    return breaches(
        sums.filter((pl.col("_tenths") > 0) & ((pl.col("_n") != pl.col("_all")) | off)),
        "measures whose tenths are not everybody",
    )


def verdicts_are_the_tests(context: Context) -> list[tuple[int, str]]:
    """Better and worse need a small adjusted p and the side of the difference; the model is not tested on itself."""
    verdict = pl.col("verdict")
    side = pl.when(verdict == "model_better").then(pl.col("to_model") > 0).otherwise(pl.col("to_model") < 0)
    named = context.frame.filter(verdict.is_in(("model_better", "model_worse")))
    unearned = named.filter(~side.fill_null(value=False) | (pl.col("p_adj").fill_null(1.0) > FALSE_DISCOVERIES))
    itself = context.frame.filter((pl.col("method") == MODEL) & pl.col("p_raw").is_not_null())
    return breaches(unearned, "verdicts without a test or against its side") + breaches(
        itself, "tests of the model on itself"
    )


def top_is_at_least_its_size(context: Context) -> list[tuple[int, str]]:
    """The tenth that pays most pays at least a tenth; shares and Gini lie between 0 and 1."""
    is_top = pl.col("measure") != "revenue_gini_year"
    least = pl.when(is_top).then(TOP - TOLERANCE).otherwise(0.0)
    rows = context.frame.filter((pl.col("value") < least) | (pl.col("value") > 1 + TOLERANCE))
    return breaches(rows, "concentrations that cannot be")


def costs_add_up(context: Context) -> list[tuple[int, str]]:
    """Service is contacts, returns and parcels; the ratio of winning and keeping is that of its rows, or hidden."""
    wide = context.frame.pivot("measure", index=["scheme_id", "group_id"], values="value")
    parts = [f"{name}_per_customer" for name in SERVICE]
    new, back, total = "acquisition_cost_per_new", "retention_cost_per_back", "service_cost_per_customer"
    named = {*parts, new, back, total, BOTH}
    wide = wide.with_columns(pl.lit(None, pl.Float64).alias(name) for name in sorted(named - set(wide.columns)))
    off = (pl.col(total) - pl.sum_horizontal(parts)).abs() > TOLERANCE * (1 + pl.col(total))
    ratio = pl.col(new) / pl.col(back)
    wrong = (pl.col(BOTH) - ratio).abs() > TOLERANCE * (1 + ratio)
    loose = pl.col(BOTH).is_not_null() & (pl.col(new).is_null() | pl.col(back).is_null())
    return breaches(wide.filter(off), "groups whose service costs do not add up") + breaches(
        wide.filter(wrong | loose), "ratios that are not of the rows beside them"
    )


def differences_are_earned(context: Context) -> list[tuple[int, str]]:
    """Higher and lower need a small adjusted p and the difference's side; suppressed rows say so; no other words."""
    verdict = pl.col("verdict")
    words = ("higher", "lower", "no_evidence", "insufficient_n", "suppressed", "untested")
    side = pl.when(verdict == "higher").then(pl.col("difference") > 0).otherwise(pl.col("difference") < 0)
    named = context.frame.filter(verdict.is_in(("higher", "lower")))
    unearned = named.filter(~side.fill_null(value=False) | (pl.col("p_adj").fill_null(1.0) > FALSE_DISCOVERIES))
    other = context.frame.filter(~verdict.is_in(words) | ((verdict == "suppressed") != pl.col("suppressed")))
    return breaches(unearned, "verdicts without a test or against its side") + breaches(
        other, "verdicts of other words"
    )


_PARAMETERS = [[model, name] for model, names in MODELS.items() for name in names]

GROUPS = ("scheme_id", "group_id", None)

LAWS: dict[str, tuple[Law, ...]] = {
    "customer_value": (
        ESTIMATES[0],
        Law("forecasts_possible", "A forecast is a chance, or an amount above zero.", forecasts_are_possible, NOTHING),
    ),
    "value_model": (
        Law("fits_told", "A model that did not converge must say so.", fits_are_told, NOTHING),
        registry_law("model"),
    ),
    "value_backtest": (
        FAMILY,
        Law("tenths_add_up", "A calibration that leaves customers out shows what it likes.", tenths_add_up, NOTHING),
        Law("verdicts", "A verdict is a test's, in its direction.", verdicts_are_the_tests, NOTHING),
        registry_law("statistic"),
    ),
    "value_concentration": (
        Law("top_share", "A tenth that pays less than a tenth is not the top.", top_is_at_least_its_size, NOTHING),
        hidden_law(("measure",), GROUPS),
        registry_law("measure"),
    ),
    "cost_to_serve": (
        Law("costs_add_up", "Parts that do not make the whole are counted twice or not at all.", costs_add_up, NOTHING),
        hidden_law(("measure",), GROUPS),
        registry_law("measure"),
    ),
    "price_dispersion": (
        FAMILY,
        Law("verdicts", "A verdict is a test's, in its direction.", differences_are_earned, NOTHING),
        hidden_law(("measure",), GROUPS),
        registry_law("measure"),
    ),
}
