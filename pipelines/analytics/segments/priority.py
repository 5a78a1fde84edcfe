"""Which segments to work for first: how attractive each is, how well it fits, and how much the order hangs on weights.

Belongs here: scores and ranks inside a scheme. Stays out: the numbers behind them (profiles.py), and the decision.

Attractive is what is large, brings much per customer and grows; fitting is who is content, buys again and may be
written to. Each side of a segment is placed between the least (0) and the most (1) of its scheme, an axis is the mean
of its three, the score the product of both axes. Nobody knows the right weights, so the order is drawn again with
weights from anywhere (Dirichlet, uniform) and with every number moved within its error; a rank is told with the range
it has under both, and a lead only where four of five draws agree. Schemes made of buying are not ranked, for their
growth would follow from their rules; nor are demographics, for age is no reason to be served first and who did not
agree to be profiled is no target. The rest segment of a scheme is nobody's target.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.analytics import stats
from pipelines.analytics.segments.schemes import schemes_of
from pipelines.analytics.stats import Floats
from pipelines.analytics.tables import TABLES

BASES = ("needs", "geographic", "firmographic")
YEAR_DAYS = 365
ENOUGH = 30
LEAST = 3
"""Segments with every side that a scheme needs for an order worth telling."""

DRAWS = 2000
SEED = 20240229
LEADS, BEHIND = 0.8, 0.05
"""Shares of draws in which a segment is first, from which it leads, and below which it is behind."""

PROFILED = ("customers", "net_revenue_per_customer", "acsi_style_index", "email_reachable_share")
AXES = {
    "attractiveness": ("customers", "net_revenue_per_customer", "growth"),
    "fit": ("acsi_style_index", "retained_share", "email_reachable_share"),
}
SIDES = tuple(side for sides in AXES.values() for side in sides)
AT = ["scheme_id", "segment_id"]
BASIS = "sides placed between least and most of the scheme"


def targets(definitions: pl.DataFrame, membership: pl.DataFrame) -> pl.DataFrame:
    """scheme_id and segment_id of the segments ranked: those of schemes of BASES, the rest left out."""
    chosen = definitions.filter(pl.col("basis").is_in(BASES))
    rest = [{"scheme_id": scheme.scheme_id, "segment_id": scheme.otherwise.segment_id} for scheme in schemes_of(chosen)]
    there = membership.select(AT).unique().join(chosen.select("scheme_id").unique(), on="scheme_id", how="semi")
    nobody = pl.DataFrame(rest, schema={"scheme_id": pl.String, "segment_id": pl.String})
    return there.join(nobody, on=AT, how="anti").sort(AT)


def two_years(days: pl.DataFrame, membership: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Per segment growth (net revenue of 365 days / of the 365 before) and retained share, each with its error."""
    age = (pl.lit(as_of) - pl.col("order_date")).dt.total_days()
    money = pl.col("net_amount_reporting").cast(pl.Float64)
    people = (
        days.filter(pl.col("order_date") > as_of - timedelta(days=2 * YEAR_DAYS), pl.col("order_date") <= as_of)
        .group_by("customer_id")
        .agg(
            money.filter(age < YEAR_DAYS).sum().alias("y"),
            money.filter(age >= YEAR_DAYS).sum().alias("x"),
            (age < YEAR_DAYS).any().alias("_again"),
            (age >= YEAR_DAYS).any().alias("_before"),
        )
        .sort("customer_id")
    )
    y, x = pl.col("y"), pl.col("x")
    sums = (
        membership.join(people, on="customer_id")
        .sort(*AT, "customer_id")
        .group_by(AT, maintain_order=True)
        .agg(
            y.sum().alias("y"),
            x.sum().alias("x"),
            (y * y).sum().alias("yy"),
            (x * y).sum().alias("xy"),
            (x * x).sum().alias("xx"),
            pl.len().alias("n"),
            pl.col("_before").sum().alias("before"),
            (pl.col("_before") & pl.col("_again")).sum().alias("again"),
        )
    )
    growth = stats.ratio_interval(**{name: sums[name].to_numpy() for name in ("y", "x", "yy", "xy", "xx", "n")})
    kept = stats.wilson(sums["again"].to_numpy(), sums["before"].to_numpy())
    enough = sums["before"].to_numpy() >= ENOUGH
    return sums.select(
        *AT,
        *(
            pl.Series(f"{name}{end}", np.where(enough, values, np.nan), pl.Float64)
            for name, found in (("growth", growth), ("retained_share", kept))
            for end, values in (("", found.value), ("_se", (found.hi - found.lo) / (2 * stats.Z95)))
        ),
    )


def sides_of(profiles: pl.DataFrame, years: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """One row per segment: every side and its error; null where a number is missing, hidden or rests on too few."""
    frame = wanted
    for measure in PROFILED:
        own = profiles.filter(pl.col("measure") == measure)
        # Few answers or persons give a number, but none to build an order on.
        told = pl.when(pl.col("n") >= ENOUGH)
        error = ((pl.col("hi") - pl.col("lo")) / (2 * stats.Z95)).fill_null(0.0)
        frame = frame.join(
            own.select(
                *AT,
                told.then("value").alias(measure),
                told.then(error).alias(f"{measure}_se"),
                *([pl.col("n"), pl.col("suppressed")] if measure == "customers" else []),
            ),
            on=AT,
            how="left",
        )
    return frame.join(years, on=AT, how="left").with_columns(pl.col("suppressed").fill_null(value=True)).sort(AT)


def placed(values: Floats) -> Floats:
    """Each side between the least (0) and most (1) of the segments, [..., segment, side]; a half where all agree."""
    least, most = values.min(axis=-2, keepdims=True), values.max(axis=-2, keepdims=True)
    spread = most - least
    return np.asarray(np.where(spread > 0, (values - least) / np.where(spread > 0, spread, 1.0), 0.5), dtype=np.float64)


def ranks(scores: Floats) -> Floats:
    """Ranks along the last axis, 1 the highest; ties by position."""
    order = np.argsort(-scores, axis=-1, kind="stable")
    return np.asarray(np.argsort(order, axis=-1, kind="stable") + 1, dtype=np.float64)


def ranked(frame: pl.DataFrame) -> pl.DataFrame:
    """Scores, axes and ranks of the segments of one scheme, all of them complete."""
    values = frame.select(SIDES).to_numpy()
    errors = frame.select(f"{side}_se" for side in SIDES).to_numpy()
    rng = np.random.default_rng(SEED)
    even = np.full((1, 3), 1 / 3)
    weights = [rng.dirichlet(np.ones(3), DRAWS) for _ in AXES]
    moved = values + errors * rng.standard_normal((DRAWS, *values.shape))

    def axes(places: Floats, given: list[Floats]) -> list[Floats]:
        return [
            np.asarray((places[..., 3 * axis : 3 * axis + 3] * each[:, None, :]).sum(axis=-1))
            for axis, each in enumerate(given)
        ]

    attractive, fitting = (axis[0] for axis in axes(placed(values)[None], [even, even]))
    score = attractive * fitting
    noisy = axes(placed(moved), [even, even])
    spread = noisy[0] * noisy[1]
    lo, hi = np.quantile(spread, [0.025, 0.975], axis=0)
    rank = ranks(score)
    weighed = axes(placed(values)[None], weights)
    by_weight = ranks(weighed[0] * weighed[1])
    both = axes(placed(moved), weights)
    drawn = ranks(both[0] * both[1])
    ends = [np.quantile(given, [0.025, 0.975], axis=0) for given in (by_weight, drawn)]
    found = {
        "value": score,
        "lo": np.minimum(lo, score),
        "hi": np.maximum(hi, score),
        "attractiveness": attractive,
        "fit": fitting,
        "rank": rank,
        "rank_weights_lo": np.minimum(np.floor(ends[0][0]), rank),
        "rank_weights_hi": np.maximum(np.ceil(ends[0][1]), rank),
        "rank_lo": np.minimum(np.floor(ends[1][0]), rank),
        "rank_hi": np.maximum(np.ceil(ends[1][1]), rank),
        "first_share": (drawn == 1).mean(axis=0),
    }
    return frame.with_columns(pl.Series(name, column, pl.Float64) for name, column in found.items())


def build_segment_priority(
    *,
    profiles: pl.DataFrame,
    days: pl.DataFrame,
    membership: pl.DataFrame,
    definitions: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per segment of each scheme that is not made of buying.

    ``min_cell`` plays no part: persons are hidden where the profiles hide them, and a side below 30 is none.
    """
    del min_cell
    table = TABLES["segment_priority"]
    wanted = targets(definitions, membership)
    if wanted.is_empty():
        return table.empty()
    frame = sides_of(profiles, two_years(days, membership, as_of), wanted)
    is_complete = pl.all_horizontal(pl.col(side).is_not_null() & pl.col(side).is_not_nan() for side in SIDES)
    counted = frame.with_columns((is_complete & ~pl.col("suppressed")).alias("_complete"))
    parts = [
        ranked(part) if part.height >= LEAST else part
        for part in counted.filter("_complete").partition_by("scheme_id", maintain_order=True)
    ]
    empty = table.empty().drop("as_of", "run_id")
    told = pl.concat([empty, *parts, counted.filter(~pl.col("_complete"))], how="diagonal_relaxed")
    first = pl.col("first_share")
    verdict = (
        pl.when("suppressed")
        .then(pl.lit("suppressed"))
        .when(pl.col("rank").is_null())
        .then(pl.lit("insufficient_n"))
        .when(first >= LEADS)
        .then(pl.lit("leads"))
        .when(first < BEHIND)
        .then(pl.lit("behind"))
        .otherwise(pl.lit("contends"))
    )
    numbers = [name for name, dtype in table.schema.items() if dtype.is_numeric()]
    shown = told.with_columns(verdict.alias("verdict"), pl.lit(BASIS).alias("basis")).with_columns(
        pl.when(~pl.col("suppressed")).then(pl.col(name)).alias(name) for name in numbers
    )
    return table.conform(shown, as_of=as_of, run_id=run_id)
