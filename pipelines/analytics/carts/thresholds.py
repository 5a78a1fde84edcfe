"""What another free-shipping threshold would bring: simulated over the carts there are, with bootstrap ranges.

Belongs here: the simulation and its assumptions. Stays out: whether to change the threshold; only a holdout can tell.

Three things move with the threshold, and each is estimated from the carts, customers resampled whole:

* conversion: who is charged leaves more. Odds of abandonment once shipping is shown, by whether there is a fee and its
  share of the cart, with the cart's value held fixed;
* top-up: carts just below the threshold are filled up to it. The share is read off the density of cart values, which
  dips below today's threshold and rises above it, against a smooth curve fitted outside that window;
* subsidy: the fee that is given away on every order at or above the threshold, most of which would come anyway.

Carts whose delivery has another price (express, bulky, collected) keep it. Amounts are relative to today's threshold of
their currency, so currencies move in proportion.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from pipelines.analytics import cells, logit
from pipelines.analytics.carts.abandonment import VALUED
from pipelines.analytics.carts.causes import DAYS_A_YEAR, days_of, margin_rate_of
from pipelines.analytics.logit import Floats
from pipelines.analytics.tables import TABLES

CANDIDATES = (0.0, 0.5, 0.75, 1.0, 1.5, 2.5)
"""Thresholds tried, as multiples of today's."""
LARGEST_SHARE = 0.5
"""A fee of half the cart deters as much as one of more: beyond, there are too few carts to tell."""
REACH = 0.25
"""Carts that lack at most this part of today's threshold may be topped up."""
WINDOW = (0.75, 1.15)
"""Where topping up bends the density of values; the smooth curve is fitted outside."""
DENSITY = (0.4, 1.8)
BIN = 0.05
DRAWS = 300
SEED = 20240229
ENOUGH_CARTS = 200

PARTS = ("conversion", "top_up", "subsidy")


@dataclass(frozen=True)
class Simulation:
    """One draw: profit change a year against today's threshold by candidate, its parts, and the share topped up."""

    total: Floats
    parts: Floats
    top_up_share: float


@dataclass(frozen=True)
class Shop:
    """Cells of carts that saw shipping, and the histogram of all carts' values; both also by customer for resampling.

    ``value`` in thresholds, ``unit`` the threshold and ``fee`` the standard fee in the reporting currency, ``paid`` the
    fee shown, ``is_free_to_move`` whether the threshold decides the fee.
    """

    value: Floats
    unit: Floats
    fee: Floats
    paid: Floats
    is_free_to_move: NDArray[np.bool_]
    carts: sparse.csr_matrix
    abandoned: sparse.csr_matrix
    histogram: sparse.csr_matrix
    overshoot: float
    margin_rate: float
    years: float


def shop_of(carts: pl.DataFrame, thresholds: pl.DataFrame, margin_rate: float) -> Shop | None:
    """Cells from carts with a value; None with fewer than 200 that saw shipping, or without a fee to give away."""
    latest = thresholds.sort("valid_from").group_by("currency").last()
    share = pl.col("value_amount") / pl.col("free_shipping_from_amount")
    known = (
        carts.filter(VALUED)
        .join(latest, on="currency")
        .filter(pl.col("cart_date") >= pl.col("valid_from"))
        .with_columns(
            share.alias("_value"),
            (pl.col("value_amount_reporting") / pl.col("value_amount")).alias("_rate"),
            (pl.col("shipping_fee_share") * pl.col("value_amount")).round(2).alias("_fee"),
            pl.col("customer_id").rank("dense").cast(pl.Int64).alias("_customer"),
        )
    )
    seen = known.filter(pl.col("has_shipping") & pl.col("_fee").is_not_null())
    below = seen.filter((pl.col("_fee") > 0) & (pl.col("_value") < 1))
    standard = below.group_by("currency", "_fee").len().sort("len", "_fee", descending=[True, False])
    standard = standard.unique("currency", keep="first", maintain_order=True).rename({"_fee": "_standard"})
    seen = seen.join(standard.drop("len"), on="currency")
    if seen.height < ENOUGH_CARTS:
        return None
    moves = (pl.col("_fee") == pl.col("_standard")) | ((pl.col("_fee") == 0) & (pl.col("_value") >= 1))
    keys = ["currency", "_move", "_fee_class", "_bin"]
    fee_class = pl.when(pl.col("_fee") == 0).then(0).when(pl.col("_fee") == pl.col("_standard")).then(1).otherwise(2)
    # Cells of 2 % of the threshold, of 5 % of the value above it.
    fine = pl.when(pl.col("_value") < 2).then(pl.col("_value") * 50).otherwise(100 + (pl.col("_value") / 2).log() * 20)
    coded = seen.with_columns(moves.alias("_move"), fee_class.alias("_fee_class"), fine.floor().alias("_bin"))
    found = (
        coded.group_by(keys)
        .agg(
            pl.col("_value").mean(),
            (pl.col("free_shipping_from_amount") * pl.col("_rate")).mean().alias("_unit"),
            (pl.col("_standard") * pl.col("_rate")).mean().alias("_standard_reporting"),
            (pl.col("_fee") * pl.col("_rate")).mean().alias("_paid"),
        )
        .sort(keys)
        .with_row_index("_cell")
    )
    placed = coded.join(found.select(*keys, "_cell"), on=keys)
    customers = int(known.select(pl.col("_customer").max()).item())
    within = known.filter(pl.col("_value").is_between(*DENSITY, closed="left")).with_columns(
        ((pl.col("_value") - DENSITY[0]) / BIN).floor().cast(pl.Int64).alias("_place")
    )
    above = known.filter(pl.col("_value").is_between(1, 1.1, closed="left"))["_value"].mean()

    def by_customer(rows: pl.DataFrame, column: str, columns: int, weight: Floats | None = None) -> sparse.csr_matrix:
        customer, place = rows["_customer"].to_numpy() - 1, rows[column].to_numpy()
        data = np.ones(rows.height) if weight is None else weight
        return sparse.csr_matrix((data, (customer, place)), shape=(customers, columns))

    left = placed["is_abandoned"].cast(pl.Float64).to_numpy()
    return Shop(
        value=found["_value"].to_numpy(),
        unit=found["_unit"].to_numpy(),
        fee=found["_standard_reporting"].to_numpy(),
        paid=found["_paid"].to_numpy(),
        is_free_to_move=found["_move"].to_numpy(),
        carts=by_customer(placed, "_cell", found.height),
        abandoned=by_customer(placed, "_cell", found.height, left),
        histogram=by_customer(within, "_place", round((DENSITY[1] - DENSITY[0]) / BIN)),
        overshoot=float(above) - 1 if isinstance(above, float) else 0.0,
        margin_rate=margin_rate,
        years=days_of(known) / DAYS_A_YEAR,
    )


def top_up(histogram: Floats) -> tuple[float, float]:
    """Share of carts in reach that are topped up, and share of those just above the threshold that were.

    Half the sum of what is missing below and too much above the smooth curve (Poisson, cubic), over what it expects.
    """
    middle = DENSITY[0] + BIN * (np.arange(histogram.size) + 0.5)
    outside = (middle < WINDOW[0]) | (middle > WINDOW[1])
    powers = np.column_stack([(middle - 1) ** power for power in range(4)])
    model = sm.GLM(histogram[outside], powers[outside], family=sm.families.Poisson()).fit()
    expected = np.exp(powers @ model.params)
    below = ~outside & (middle < 1)
    above = ~outside & (middle > 1)
    missing = expected[below].sum() - histogram[below].sum()
    surplus = histogram[above].sum() - expected[above].sum()
    moved = max((missing + surplus) / 2, 0.0)
    return min(moved / expected[below].sum(), 1.0), min(moved / max(histogram[above].sum(), 1.0), 1.0)


def fee_design(fee: Floats, amount: Floats) -> Floats:
    """Intercept, any fee, the fee's share of the cart, log of the cart's value."""
    share = np.minimum(fee / amount, LARGEST_SHARE)
    return np.column_stack([np.ones_like(fee), fee > 0, share, np.log(amount)]).astype(np.float64)


def simulate(shop: Shop, n: Floats, abandoned: Floats, histogram: Floats) -> Simulation | None:
    """Profit by candidate for one set of counts; None where the counts do not settle the model."""
    share, was_topped = top_up(histogram)
    used = n > 0
    observed = fee_design(shop.paid, shop.value * shop.unit)
    model = sm.GLM(
        np.column_stack([abandoned[used], n[used] - abandoned[used]]),
        observed[used],
        family=sm.families.Binomial(),
    ).fit()
    coefficients = np.asarray(model.params)
    if not model.converged or np.abs(coefficients).max() > logit.LARGEST:
        return None
    # Carts topped up today would lie in reach below the threshold without it.
    lifted = shop.is_free_to_move & (shop.value >= 1) & (shop.value < WINDOW[1])
    value = np.concatenate([shop.value, np.full(int(lifted.sum()), 1 - REACH / 2)])
    weight = np.concatenate([np.where(lifted, 1 - was_topped, 1.0) * n, was_topped * n[lifted]])

    unit, fee, paid = (np.concatenate([of, of[lifted]]) for of in (shop.unit, shop.fee, shop.paid))
    moves = np.concatenate([shop.is_free_to_move, shop.is_free_to_move[lifted]])

    def orders(value: Floats, charged: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(fee_design(charged, value * unit) @ coefficients)))

    def charged(value: Floats, threshold: float) -> Floats:
        return np.asarray(np.where(moves, np.where(value >= threshold, 0.0, fee), paid))

    def profit(value: Floats, threshold: float) -> Floats:
        asked = charged(value, threshold)
        return np.asarray(orders(value, asked) * (shop.margin_rate * value * unit + asked - fee))

    def topped(threshold: float) -> float:
        near = moves & (value < threshold) & (value >= threshold - REACH)
        lift = np.full_like(value, threshold + shop.overshoot)
        return float((share * weight * near) @ (profit(lift, threshold) - profit(value, threshold)))

    today = charged(value, 1.0)
    bought = orders(value, today)
    parts = np.zeros((len(CANDIDATES), len(PARTS)))
    for place, threshold in enumerate(CANDIDATES):
        asked = charged(value, threshold)
        earned = shop.margin_rate * value * unit + asked - fee
        parts[place] = (
            weight @ ((orders(value, asked) - bought) * earned),
            topped(threshold) - topped(1.0),
            weight @ (bought * (asked - today)),
        )
    parts = parts / shop.years
    return Simulation(parts.sum(axis=1), parts, share)


def resampled(shop: Shop, draws: int = DRAWS) -> tuple[Simulation | None, list[Simulation]]:
    """The simulation on the carts as they are, and on customers drawn anew, as often as ``draws`` says."""
    rng = np.random.default_rng(SEED)
    customers = shop.carts.shape[0]
    found = []
    with threadpool_limits(limits=1):
        once = np.ones(customers)
        middle = simulate(shop, *(once @ part for part in (shop.carts, shop.abandoned, shop.histogram)))
        for _ in range(draws if middle else 0):
            times = np.bincount(rng.integers(0, customers, customers), minlength=customers).astype(np.float64)
            draw = simulate(shop, *(times @ part for part in (shop.carts, shop.abandoned, shop.histogram)))
            if draw is not None:
                found.append(draw)
    return middle, found


def build_shipping_what_if(
    *,
    carts: pl.DataFrame,
    customers: pl.DataFrame,
    thresholds: pl.DataFrame,
    currency: str,
    as_of: date,
    run_id: str,
    min_cell: int,  # noqa: ARG001 (sums over hundreds of carts: nothing is small)
) -> pl.DataFrame:
    """One row per candidate threshold; no rows where margin, fee or carts are missing: nothing could be said."""
    table = TABLES["shipping_what_if"]
    margin_rate = margin_rate_of(customers)
    known = cells.without_staff(carts, customers)
    shop = shop_of(known, thresholds, margin_rate) if margin_rate is not None else None
    middle, draws = resampled(shop) if shop is not None else (None, [])
    if shop is None or middle is None or len(draws) < DRAWS / 2:
        return table.empty()
    today = thresholds.sort("valid_from").filter(pl.col("currency") == currency)["free_shipping_from_amount"]
    total, parts = np.stack([draw.total for draw in draws]), np.stack([draw.parts for draw in draws])
    lo, hi = np.quantile(total, [0.025, 0.975], axis=0)
    ranks = (-total).argsort(axis=1).argsort(axis=1) + 1
    rank_lo, rank_hi = np.quantile(ranks, [0.025, 0.975], axis=0)
    lo, hi = np.minimum(lo, middle.total), np.maximum(hi, middle.total)
    columns: dict[str, Any] = {
        "candidate": list(CANDIDATES),
        "threshold_amount_reporting": [
            float(today[-1]) * candidate if len(today) else None for candidate in CANDIDATES
        ],
        "value": middle.total,
        "lo": lo,
        "hi": hi,
        "n": [int(shop.carts.sum())] * len(CANDIDATES),
        "rank": (-middle.total).argsort().argsort() + 1,
        "rank_lo": rank_lo.astype(np.int64),
        "rank_hi": np.ceil(rank_hi).astype(np.int64),
        "safe_rank": (-lo).argsort(kind="stable").argsort() + 1,
        "best_share": (ranks == 1).mean(axis=0),
        "verdict": [_verdict(*row) for row in zip(CANDIDATES, lo, hi, strict=True)],
    }
    for place, part in enumerate(PARTS):
        ends = np.quantile(parts[:, :, place], [0.025, 0.975], axis=0)
        value = middle.parts[:, place]
        columns |= {
            f"{part}_year": value,
            f"{part}_year_lo": np.minimum(ends[0], value),
            f"{part}_year_hi": np.maximum(ends[1], value),
        }
    shares = np.quantile([draw.top_up_share for draw in draws], [0.025, 0.975])
    frame = pl.DataFrame({name: pl.Series(name, values) for name, values in columns.items()}).with_columns(
        pl.lit(middle.top_up_share).alias("top_up_share"),
        pl.lit(min(float(shares[0]), middle.top_up_share)).alias("top_up_share_lo"),
        pl.lit(max(float(shares[1]), middle.top_up_share)).alias("top_up_share_hi"),
        pl.lit(margin_rate).alias("margin_rate"),
        pl.lit("association, carts that saw shipping; a parcel costs the standard fee").alias("basis"),
        pl.lit(value=False).alias("suppressed"),
    )
    return table.conform(frame, as_of=as_of, run_id=run_id)


def _verdict(candidate: float, lo: float, hi: float) -> str:
    if candidate == 1:
        return "current"
    return "better" if lo > 0 else "harmful" if hi < 0 else "no_evidence"
