"""Laws of the tables of models of value.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.law import ESTIMATES, NOTHING, Context, Law, breaches, registry_law
from pipelines.analytics.segments.value_forecast import DOUBTED, MODELS
from pipelines.analytics.segments.value_model import AT_LIMIT, CONVERGED, USABLE


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


_PARAMETERS = [[model, name] for model, names in MODELS.items() for name in names]

LAWS: dict[str, tuple[Law, ...]] = {
    "customer_value": (
        ESTIMATES[0],
        Law("forecasts_possible", "A forecast is a chance, or an amount above zero.", forecasts_are_possible, NOTHING),
    ),
    "value_model": (
        Law("fits_told", "A model that did not converge must say so.", fits_are_told, NOTHING),
        registry_law("model"),
    ),
}
