"""What each buyer is expected to bring: still there or not, orders and revenue of the coming year, lifetime value.

Belongs here: histories of purchase days, the models fitted to them, and each customer's forecast with its interval.
Stays out: the likelihoods (value_model.py), and whether the forecasts come true (value_backtest.py).

A purchase is a day with a valid order, time runs in weeks to the end of as_of. Spend is the mean net revenue of the
repeat days: a first order is often another kind of order, and the models are of repeat buying. Intervals are of the
expectation (delta method on the parameters); what one person then does scatters far more widely.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from scipy import special

from pipelines.analytics import disclosure, stats
from pipelines.analytics.segments import value_fit, value_model
from pipelines.analytics.segments.value_fit import Fit
from pipelines.analytics.segments.value_model import Histories
from pipelines.analytics.stats import Floats
from pipelines.analytics.tables import TABLES

DAYS_A_WEEK = 7
YEAR_DAYS = 365
CLV_YEARS = 3
CLV_STEP_DAYS = 182.5
"""Lifetime value is the margin of three years, discounted at the middle of each half year."""
DISCOUNT = 0.1
LARGEST_CORRELATION = 0.2
"""Gamma-Gamma holds that spend does not depend on how often one buys; beyond this correlation it is doubted."""

BASIS = "BG/NBD x Gamma-Gamma, 3 years, 10 % a year, margin rate of the company"
NO_ORDER, DOUBTED, NO_SPEND, NO_MARGIN = "no_order", "spend_depends_on_frequency", "no_spend_model", "no_margin"

MODELS = {"bg_nbd": ("r", "alpha", "a", "b"), "gamma_gamma": ("p", "q", "v")}
DERIVED: dict[str, dict[str, Callable[[Floats], Floats]]] = {
    "bg_nbd": {"mean_rate": lambda p: p[0] / p[1], "mean_dropout": lambda p: p[2] / (p[2] + p[3])},
    "gamma_gamma": {"mean_spend": lambda p: value_model.expected_spend(p, np.zeros(()), np.zeros(()))},
}
"""What follows from the parameters: it is often well known where a and b alone are not."""
CORRELATION = "frequency_spend_correlation"
HISTORY = ("x", "t_x", "T")
EARLY = ("early_4w", "early_13w")
"""Repeat days of a customer in each stretch in which newcomers may have a pace of their own."""
PACE = ("newcomer_pace_to_4_weeks", "newcomer_pace_to_13_weeks")
"""Parameters that BG/NBD has where newcomers do have one."""
FORECASTS = ("p_alive", "expected_orders", "expected_revenue", "clv")


@dataclass(frozen=True)
class Models:
    """Both fits, and the correlation of x and mean spend among those who came back with its Fisher interval."""

    buying: Fit
    spending: Fit
    buyers: int
    repeaters: int
    spenders: int
    correlation: tuple[float, float, float]

    @property
    def is_paced(self) -> bool:
        """Newcomers have a pace of their own."""
        return self.buying.parameters.size > len(MODELS["bg_nbd"])

    @property
    def status(self) -> str:
        """What stands beside forecasts: the buying model's status, or why they have no amount or a doubted one."""
        if not self.buying.is_usable:
            return self.buying.status
        if not self.spending.is_usable or self.spending.parameters[1] <= 1:
            return NO_SPEND
        if not abs(self.correlation[0]) <= LARGEST_CORRELATION:
            return DOUBTED
        return self.buying.status


def histories_of(days: pl.DataFrame, *, until: date) -> pl.DataFrame:
    """One row a customer with a purchase day up to ``until``: x, t_x, T in weeks, ``spend`` of repeat days, early ones.

    ``days`` has customer_id, order_date, net_amount_reporting. Spend is rounded to cents, so that the order in which
    it is added up does not matter, and null where nothing but the first day, or nothing above zero, was bought.
    """
    seen = days.filter(pl.col("order_date") <= until)
    first = pl.col("order_date").min()
    repeat = pl.col("order_date") > first
    weeks = (pl.col("order_date") - first).dt.total_days() / DAYS_A_WEEK
    ends = (0.0, *value_model.NEWCOMER_WEEKS)
    early = {name: (weeks > ends[at]) & (weeks <= ends[at + 1]) for at, name in enumerate(EARLY)}
    found = seen.group_by("customer_id").agg(
        (pl.len() - 1).cast(pl.Float64).alias("x"),
        ((pl.col("order_date").max() - first).dt.total_days() / DAYS_A_WEEK).alias("t_x"),
        ((pl.lit(until) - first).dt.total_days() / DAYS_A_WEEK).alias("T"),
        pl.col("net_amount_reporting").filter(repeat).mean().round(2).alias("spend"),
        *(pl.col("order_date").filter(repeat & inside).len().alias(name) for name, inside in early.items()),
    )
    return found.with_columns(pl.when(pl.col("spend") > 0).then("spend").alias("spend")).sort("customer_id")


def fit(histories: pl.DataFrame, *, paced: bool = True) -> Models:
    """Fit both models; equal histories are counted first, in a fixed order, so the same people give the same fit.

    Without ``paced``, newcomers are not allowed a pace of their own.
    """
    counted = histories.group_by(HISTORY).len().sort(HISTORY)
    x, t_x, observed, n = (counted[name].cast(pl.Float64).to_numpy() for name in (*HISTORY, "len"))
    early = histories.select(pl.col(EARLY).sum().cast(pl.Float64)).to_numpy()[0]
    spent = histories.filter((pl.col("x") > 0) & pl.col("spend").is_not_null()).group_by("x", "spend").len()
    spent = spent.sort("x", "spend")
    often, spend, people = (spent[name].cast(pl.Float64).to_numpy() for name in ("x", "spend", "len"))
    return Models(
        buying=value_model.fit_bg_nbd(Histories(x, t_x, observed, n, early if paced else None)),
        spending=value_model.fit_gamma_gamma(often, spend, people),
        buyers=int(n.sum()),
        repeaters=int(n[x > 0].sum()),
        spenders=int(people.sum()),
        correlation=correlation(often, spend, people),
    )


def correlation(x: Floats, y: Floats, n: Floats) -> tuple[float, float, float]:
    """Pearson's correlation of counted pairs with Fisher's interval; NaN where either does not vary."""
    total = n.sum()
    if total < 4 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan"), float("nan"), float("nan")
    r = float(np.cov(x, y, fweights=n.astype(np.int64))[0, 1])
    r /= float(np.sqrt(np.cov(x, fweights=n.astype(np.int64)) * np.cov(y, fweights=n.astype(np.int64))))
    half = stats.Z95 / np.sqrt(total - 3)
    middle = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
    return r, float(np.tanh(middle - half)), float(np.tanh(middle + half))


def with_buying(histories: pl.DataFrame, buying: Fit, *, days: float) -> pl.DataFrame:
    """Add p_alive and expected_orders over ``days``, with their ends, and orders discounted over the years of a CLV.

    ``_lasting`` is those discounted orders, ``_lasting_se`` the standard error of its logarithm, as ``_orders_se`` is.
    """
    distinct = histories.select(HISTORY).unique().sort(HISTORY)
    x, t_x, observed = (distinct[name].to_numpy() for name in HISTORY)
    ahead = value_model.Coming(x, t_x, observed)
    steps = np.arange(0, CLV_YEARS * YEAR_DAYS + 1, CLV_STEP_DAYS)
    factors = (1 + DISCOUNT) ** -((steps[:-1] + CLV_STEP_DAYS / 2) / YEAR_DAYS)

    def coming(parameters: Floats) -> Floats:
        return np.asarray(ahead.orders(parameters, np.array([days / DAYS_A_WEEK]))[0])

    def lasting(parameters: Floats) -> Floats:
        return np.asarray(factors @ np.diff(ahead.orders(parameters, steps / DAYS_A_WEEK), axis=0))

    chance, orders = ahead.alive(buying.parameters), coming(buying.parameters)
    spread = value_fit.log_spread(ahead.alive, buying, scale=special.logit)
    with np.errstate(divide="ignore"):
        odds = special.logit(chance)
    ends = {
        "p_alive": chance,
        "p_alive_lo": special.expit(odds - stats.Z95 * spread),
        "p_alive_hi": special.expit(odds + stats.Z95 * spread),
        "_orders": orders,
        "_orders_se": value_fit.log_spread(coming, buying),
        "_lasting": lasting(buying.parameters),
        "_lasting_se": value_fit.log_spread(lasting, buying),
    }
    return histories.join(
        distinct.with_columns(pl.Series(name, values, pl.Float64) for name, values in ends.items()),
        on=HISTORY,
        how="left",
        maintain_order="left",
    )


def forecast(histories: pl.DataFrame, models: Models, *, days: float, margin_rate: float | None) -> pl.DataFrame:
    """One row a buyer: customer_id, p_alive, expected_orders, expected_revenue, clv with their ends, and clv_status.

    Columns are null where the models cannot say; ``clv_status`` tells which.
    """
    if not models.buying.is_usable:
        nulls = (pl.lit(None, pl.Float64).alias(f"{name}{end}") for name in FORECASTS for end in ("", "_lo", "_hi"))
        return histories.select("customer_id", *nulls, pl.lit(models.status).alias("clv_status"))
    known = with_buying(histories, models.buying, days=days)
    x, m = known["x"].to_numpy(), known["spend"].fill_null(0).to_numpy()
    # Somebody whose repeat days brought nothing is expected to spend what everybody does.
    told = np.where(m > 0, x, 0.0)
    has_spend = models.status != NO_SPEND
    none = np.full(known.height, np.nan)
    spend, spend_se = none, none
    if has_spend:
        spend = value_model.expected_spend(models.spending.parameters, told, m)
        spend_se = value_fit.log_spread(lambda p: value_model.expected_spend(p, told, m), models.spending)
    rate = float("nan") if margin_rate is None else margin_rate
    orders, orders_se = known["_orders"].to_numpy(), known["_orders_se"].to_numpy()
    lasting, lasting_se = known["_lasting"].to_numpy(), known["_lasting_se"].to_numpy()
    amounts = {
        "expected_orders": (orders, orders_se),
        "expected_revenue": (orders * spend, np.hypot(orders_se, spend_se)),
        "clv": (lasting * spend * rate, np.hypot(lasting_se, spend_se)),
    }
    columns: dict[str, Floats] = {}
    for name, (value, se) in amounts.items():
        ends = np.sort(np.stack([value * np.exp(-stats.Z95 * se), value * np.exp(stats.Z95 * se)]), axis=0)
        columns |= {name: value, f"{name}_lo": ends[0], f"{name}_hi": ends[1]}
    status = NO_MARGIN if has_spend and margin_rate is None else models.status
    return known.select(
        "customer_id",
        *("p_alive" + end for end in ("", "_lo", "_hi")),
        *(pl.Series(name, values, pl.Float64).fill_nan(None) for name, values in columns.items()),
        pl.lit(status).alias("clv_status"),
    )


def build_value_model(
    *,
    customers: pl.DataFrame,
    days: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per parameter of each model, and the correlation that Gamma-Gamma holds to be none."""
    table = TABLES["value_model"]
    histories = histories_of(days.join(customers.select("customer_id"), on="customer_id", how="semi"), until=as_of)
    if histories.is_empty():
        return table.empty()
    models = fit(histories)
    frame = pl.concat(
        [
            parameters_of("bg_nbd", models.buying, n=models.buyers, n_repeat=models.repeaters),
            parameters_of("gamma_gamma", models.spending, n=models.spenders, n_repeat=models.spenders),
            pl.DataFrame(
                {
                    "model": "gamma_gamma",
                    "parameter": CORRELATION,
                    **dict(zip(("value", "lo", "hi"), models.correlation, strict=True)),
                    "n": models.spenders,
                    "n_repeat": models.spenders,
                    "basis": "Pearson's r, Fisher's interval",
                    "status": size_of(models.correlation[0]),
                    "log_likelihood": None,
                    "iterations": None,
                },
                schema_overrides={"log_likelihood": pl.Float64, "iterations": pl.Int64},
            ),
        ],
        how="diagonal_relaxed",
    )
    small = disclosure.is_small(pl.col("n"), min_cell) | disclosure.is_small(pl.col("n_repeat"), min_cell)
    return table.conform(disclosure.blank(frame, table, small), as_of=as_of, run_id=run_id)


def size_of(correlation: float) -> str:
    """small, large, or too few customers to tell."""
    if np.isnan(correlation):
        return value_fit.TOO_FEW
    return "small" if abs(correlation) <= LARGEST_CORRELATION else "large"


def parameters_of(model: str, fitted: Fit, *, n: int, n_repeat: int) -> pl.DataFrame:
    """One row a parameter, and one for what follows from them; intervals are of the logarithm, none at a limit."""
    rows = []
    names = (*MODELS[model], *PACE) if fitted.parameters.size > len(MODELS[model]) else MODELS[model]
    for place, name in enumerate(names):
        rows.append((name, fitted.parameters[place], np.sqrt(fitted.covariance[place, place])))
    for name, function in DERIVED[model].items():
        rows.append((name, function(fitted.parameters), value_fit.log_spread(function, fitted)))
    values, spread = (np.array([row[place] for row in rows], dtype=np.float64) for place in (1, 2))
    spread = np.where(spread > 0, spread, np.nan)
    return pl.DataFrame(
        {
            "model": [model] * len(rows),
            "parameter": [row[0] for row in rows],
            "value": values,
            "lo": values * np.exp(-stats.Z95 * spread),
            "hi": values * np.exp(stats.Z95 * spread),
        }
    ).with_columns(
        pl.lit(n).alias("n"),
        pl.lit(n_repeat).alias("n_repeat"),
        pl.lit("maximum likelihood, numerical Hessian of the logarithms").alias("basis"),
        pl.lit(fitted.status).alias("status"),
        pl.lit(fitted.log_likelihood).alias("log_likelihood"),
        pl.lit(fitted.iterations).alias("iterations"),
    )
