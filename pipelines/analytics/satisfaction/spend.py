"""What a point of satisfaction goes with: spend of the next quarter, and a placebo that should find nothing.

Belongs here: the person-quarters and the regressions. Stays out: money, the table and its words (money.py).

A person-quarter is a customer's mean three-item index of a quarter, with what they spent in the quarter after and in
the four up to it. The same regression is run on three outcomes: spend of all (Poisson pseudo-likelihood, which keeps
the many who bought nothing; Santos Silva and Tenreyro 2006), the size of spend of those who bought (log), and whether
they bought. Quarter, region and product line are held fixed, past spend is a covariate, errors clustered by customer.
The placebo turns time round: the change of the index to the next quarter cannot have caused the spend before it, so
whatever it finds there is what else moves both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pipelines.analytics import cells, stats
from pipelines.analytics.satisfaction.scores import ITEMS, WEIGHTS, index_score

MIN_ROWS = 100
MIN_ORDERING = 50
MAX_ROWS = 200_000
"""Person-quarters beyond this add digits nobody reads: whole customers are left out, evenly."""

PAST_QUARTERS = 4
FIXED = ("_quarter", "region", "product_line")


@dataclass(frozen=True)
class Fit:
    """Slope of the outcome on the index with its clustered standard error, and the person-quarters behind it."""

    value: float
    se: float
    n: int

    @property
    def lo(self) -> float:
        return self.value - stats.Z95 * self.se

    @property
    def hi(self) -> float:
        return self.value + stats.Z95 * self.se


def person_quarters(
    survey: pl.DataFrame, customers: pl.DataFrame, days: pl.DataFrame, last_quarter: int
) -> pl.DataFrame:
    """One row per customer and quarter with a complete answer, up to the quarter before the last complete one.

    Columns: customer_id, _quarter, region, product_line, index, change (to the next quarter's index; null without
    one), spend_next, spend_past (that quarter and the three before), spend_now.
    """
    asked = survey.filter(pl.col("is_customer").fill_null(value=True)).select(
        "customer_id",
        cells.quarter_number("answer_date").alias("_quarter"),
        "region",
        "product_line",
        index_score(ITEMS, WEIGHTS).alias("index"),
    )
    answered = (
        cells.without_staff(asked.drop_nulls(["index", "customer_id"]), customers)
        .group_by("customer_id", "_quarter")
        .agg(pl.col("index").mean(), pl.col("region", "product_line").min())
    )
    bought = days.group_by("customer_id", cells.quarter_number("order_date").alias("_quarter")).agg(
        pl.col("net_amount_reporting").sum().alias("_spend")
    )
    bought = bought.with_columns(pl.col("_spend").clip(lower_bound=0.0))
    after = answered.select("customer_id", pl.col("_quarter") - 1, pl.col("index").alias("_index_next"))
    past = (
        pl.concat(bought.with_columns(pl.col("_quarter") + back) for back in range(PAST_QUARTERS))
        .group_by("customer_id", "_quarter")
        .agg(pl.col("_spend").sum().alias("spend_past"))
    )
    at = ["customer_id", "_quarter"]
    spends = pl.col("spend_next", "spend_past", "spend_now")
    return (
        answered.join(after, on=at, how="left")
        .join(
            bought.select("customer_id", pl.col("_quarter") - 1, pl.col("_spend").alias("spend_next")),
            on=at,
            how="left",
        )
        .join(bought.select(*at, pl.col("_spend").alias("spend_now")), on=at, how="left")
        .join(past, on=at, how="left")
        .filter(pl.col("_quarter") < last_quarter)
        .with_columns(spends.fill_null(0.0), (pl.col("_index_next") - pl.col("index")).alias("change"))
        .sort(at)
    )


def thinned(frame: pl.DataFrame) -> pl.DataFrame:
    """At most about ``MAX_ROWS`` rows: every k-th customer, with all their quarters."""
    step = -(-frame.height // MAX_ROWS)
    return frame.filter((pl.col("customer_id").rank("dense") - 1) % step == 0) if step > 1 else frame


def design(frame: pl.DataFrame, column: str, covariates: Sequence[pl.Expr]) -> NDArray[np.float64]:
    """The column, covariates, a dummy for each level of the fixed effects but the first, and the constant last."""
    levels = [
        (pl.col(name).cast(pl.String).fill_null(cells.UNKNOWN) == level).cast(pl.Float64).alias(f"{name}={level}")
        for name in FIXED
        for level in frame[name].cast(pl.String).fill_null(cells.UNKNOWN).unique().sort()[1:]
    ]
    made = frame.select(
        pl.col(column), *(each.alias(f"_covariate_{place}") for place, each in enumerate(covariates)), *levels
    )
    return np.column_stack([made.to_numpy(), np.ones(frame.height)])


def slope(
    frame: pl.DataFrame, outcome: pl.Expr, column: str, covariates: Sequence[pl.Expr] = (), *, is_count: bool = False
) -> Fit | None:
    """Slope of the outcome on ``column``: Poisson pseudo-likelihood where ``is_count``, least squares otherwise.

    None where there are too few rows, or the outcome or the column does not vary.
    """
    y = frame.select(outcome.alias("y"))["y"].to_numpy().astype(float)
    if len(y) < MIN_ROWS or np.ptp(y) == 0 or frame[column].n_unique() < 2:
        return None
    # statsmodels takes a second to import, so only a fit pays for it.
    from statsmodels.genmod.families import Poisson  # noqa: PLC0415
    from statsmodels.genmod.generalized_linear_model import GLM  # noqa: PLC0415
    from statsmodels.regression.linear_model import OLS  # noqa: PLC0415

    x = design(frame, column, covariates)
    groups = (frame["customer_id"].rank("dense") - 1).cast(pl.Int64).to_numpy()
    with threadpool_limits(limits=1):
        model = GLM(y / y.mean(), x, family=Poisson()) if is_count else OLS(y, x)
        fitted = model.fit(cov_type="cluster", cov_kwds={"groups": groups})
    value, se = float(fitted.params[0]), float(fitted.bse[0])
    return Fit(value, se, len(y)) if np.isfinite(value) and np.isfinite(se) and se > 0 else None


def fits(frame: pl.DataFrame) -> dict[str, Fit | None]:
    """The three slopes on the index and their placebos on its future change; outcomes of a placebo lie before it."""
    rows = thinned(frame)
    turned = rows.drop_nulls("change")
    past = (pl.col("spend_past").log1p(),)
    bought, had = pl.col("spend_next") > 0, pl.col("spend_now") > 0
    found: dict[str, Fit | None] = {}
    for name, base, spend, is_buyer, column, covariates in (
        ("", rows, "spend_next", bought, "index", past),
        ("_placebo", turned, "spend_now", had, "change", ()),
    ):
        buyers = base.filter(is_buyer)
        is_enough = buyers.height >= MIN_ORDERING
        found[f"spend_per_point{name}"] = (
            slope(base, pl.col(spend), column, covariates, is_count=True) if is_enough else None
        )
        found[f"order_size_per_point{name}"] = slope(buyers, pl.col(spend).log(), column, covariates)
        found[f"buying_per_point{name}"] = slope(base, is_buyer.cast(pl.Float64), column, covariates)
    return found
