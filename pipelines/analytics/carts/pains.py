"""Pain points of every kind in one table: how often, how bad, what it is worth, whether it grows, who feels it.

Belongs here: one scale for kinds as different as a fee, a ticket and a slow page, and the ranking. Stays out: what is
in texts (topics are those the desk recorded), and adjusted effects of cart causes (causes.py).

Every pain is an exposure of units that can be lost: a cart without an order, a checkout without a purchase, an order
after which nothing is bought for half a year. With the shares of units exposed and lost,

    amount a year = units a year x share exposed x (share lost exposed - share lost not) x value of those exposed

which is frequency x severity x value. It is an association; pains overlap, so amounts have no sum. Customers are
resampled whole, for the range of the amount and of the rank.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import polars as pl
from scipy import sparse

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts.abandonment import VALUED
from pipelines.analytics.carts.causes import CAUSES, DAYS_A_YEAR, FALSE_DISCOVERIES
from pipelines.analytics.stats import Floats
from pipelines.analytics.tables import TABLES

SCHEMES = ("region", *cells.KEY_SCHEMES)
SILENCE_DAYS = 180
TICKET_DAYS = 30
LOW_STARS = 2
DRAWS = 200
SEED = 20240229
ENOUGH = 30
NEAR_RANK = 2
PERIODS = 4
PRACTICAL_RATIO = 1.1

PAIN = ["kind", "pain"]
CELL = [*PAIN, "scheme_id", "segment_id"]
COUNTS = ("n", "n_affected")
EVIDENCE = ("cart_id", "session_id", "order_id", "ticket_id", "feedback_id")
SUMS = ("n1", "y1", "n0", "y0", "v1")


def cart_units(carts: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """A cart is lost when it is abandoned; its worth is its value."""
    valued = carts.filter(VALUED)
    for cause in CAUSES:
        at_risk = valued.filter(cause.reached) if cause.reached else valued
        yield at_risk.select(
            *_named("cart", cause.cause, "checkout" if cause.reached else "intent"),
            "customer_id",
            "region",
            pl.col("cart_date").alias("day"),
            pl.col(cause.exposure).alias("exposed"),
            pl.col("is_abandoned").alias("lost"),
            pl.col("value_amount_reporting").alias("value"),
            pl.col("cart_id"),
        )


def site_units(sessions: pl.DataFrame, worth: float) -> Iterator[pl.DataFrame]:
    """A checkout in a session without a purchase, by whether the session met an error.

    Only where a sign could have been seen: an error of the checkout is met by those alone who came that far. Slow pages
    are compared among carts: shops measure the speed of some sessions only, and not by chance.
    """
    yield sessions.filter("has_checkout").select(
        *_named("site", "checkout_error", "checkout"),
        "customer_id",
        "region",
        pl.col("session_date").alias("day"),
        (pl.col("n_errors") > 0).alias("exposed"),
        (~pl.col("has_purchase")).alias("lost"),
        pl.lit(worth).alias("value"),
        pl.col("session_id"),
    )


def with_lost(
    units: pl.DataFrame, orders: pl.DataFrame, as_of: date, *, day: str, after: int, silence: int = SILENCE_DAYS
) -> pl.DataFrame:
    """Keep units whose watch is over; lost where the person orders nothing from ``after`` to ``after + silence`` days.

    What is met within ``after`` days is known before the watch begins: nobody is lost before he could have met it.
    """
    bought = orders.filter("is_valid").select("customer_id", pl.col("order_date").alias("_next")).drop_nulls()
    watched = units.filter(
        pl.col("customer_id").is_not_null() & (pl.col(day) + timedelta(days=after + silence) <= as_of)
    ).with_columns((pl.col(day) + timedelta(days=after + 1)).alias("_from"))
    return (
        watched.sort("_from")
        .join_asof(
            bought.sort("_next"),
            left_on="_from",
            right_on="_next",
            by="customer_id",
            strategy="forward",
            check_sortedness=False,
        )
        .with_columns(
            ((pl.col("_next") - pl.col(day)).dt.total_days() > after + silence).fill_null(value=True).alias("lost")
        )
    )


def order_units(
    orders: pl.DataFrame, tickets: pl.DataFrame, as_of: date, *, silence: int = SILENCE_DAYS
) -> Iterator[pl.DataFrame]:
    """Support topics (a ticket within 30 days of the order) and late deliveries; what is lost is the next order.

    Without ``silence`` to wait for, units come as soon as it is known whether they met the pain.
    """
    followed = with_lost(orders.filter("is_valid"), orders, as_of, day="order_date", after=TICKET_DAYS, silence=silence)
    shared = [pl.col("order_date").alias("day"), pl.col("net_amount_reporting").alias("value")]
    asked = (
        followed.select("order_id", "order_date")
        .join(_with_orders(tickets.filter(pl.col("topic").is_not_null()), orders), on="order_id")
        .filter(pl.col("opened_date").is_between("order_date", pl.col("order_date") + timedelta(days=TICKET_DAYS)))
        .sort("order_id", "topic", "ticket_id")
        .unique(["order_id", "topic"], keep="first", maintain_order=True)
    )
    for topic in asked["topic"].unique().sort():
        about = asked.filter(pl.col("topic") == topic).select("order_id", "ticket_id")
        yield followed.join(about, on="order_id", how="left").select(
            *_named("support", topic, "support"),
            "customer_id",
            "region",
            *shared,
            pl.col("ticket_id").is_not_null().alias("exposed"),
            "lost",
            "ticket_id",
        )
    promised = followed.filter(pl.col("delivered_at").is_not_null() & pl.col("delivery_promised_at").is_not_null())
    yield promised.select(
        *_named("delivery", "late_delivery", "receive"),
        "customer_id",
        "region",
        *shared,
        (pl.col("delivered_at") > pl.col("delivery_promised_at")).alias("exposed"),
        "lost",
        "order_id",
    )


def _with_orders(tickets: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Tickets with the order they name; where they name none, as most do, with the person's last order before them."""
    placed = orders.filter("is_valid").select(
        "customer_id", pl.col("order_id").alias("_last"), pl.col("order_date").alias("_placed")
    )
    return (
        tickets.sort("opened_date", "ticket_id")
        .join_asof(
            placed.drop_nulls().sort("_placed", "_last"),
            left_on="opened_date",
            right_on="_placed",
            by="customer_id",
            check_sortedness=False,
        )
        .select("ticket_id", "topic", "opened_date", pl.coalesce("order_id", "_last").alias("order_id"))
        .drop_nulls("order_id")
    )


def review_units(
    feedback: pl.DataFrame, orders: pl.DataFrame, as_of: date, *, silence: int = SILENCE_DAYS
) -> Iterator[pl.DataFrame]:
    """Reviews of one or two stars, by what they are about; lost where the reviewer orders nothing for 180 days."""
    worth = orders.filter("is_valid")["net_amount_reporting"].mean()
    given = with_lost(
        feedback.filter(pl.col("stars").is_not_null()), orders, as_of, day="feedback_date", after=0, silence=silence
    )
    theme = pl.coalesce("product_line", "feedback_kind").fill_null(cells.UNKNOWN)
    yield given.select(
        pl.lit("review").alias("kind"),
        pl.format("low_stars_{}", theme).alias("pain"),
        pl.lit("use").alias("stage"),
        "customer_id",
        "region",
        pl.col("feedback_date").alias("day"),
        (pl.col("stars") <= LOW_STARS).alias("exposed"),
        "lost",
        pl.lit(worth, pl.Float64).alias("value"),
        "feedback_id",
    )


def _named(kind: str, pain: str, stage: str) -> list[pl.Expr]:
    return [pl.lit(kind).alias("kind"), pl.lit(pain).alias("pain"), pl.lit(stage).alias("stage")]


def grouped(units: pl.DataFrame) -> pl.DataFrame:
    """The units once for the company and once a scheme, with scheme_id and segment_id."""
    parts = []
    for scheme in (cells.COMPANY, *SCHEMES):
        segment = pl.lit(cells.ALL) if scheme == cells.COMPANY else pl.col(scheme).cast(pl.String)
        parts.append(
            units.select(
                *PAIN,
                "stage",
                "customer_id",
                "day",
                "exposed",
                "lost",
                "value",
                pl.lit(scheme).alias("scheme_id"),
                segment.fill_null(cells.UNKNOWN).alias("segment_id"),
            )
        )
    return pl.concat(parts)


def summed(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Units exposed (n1) and not (n0), lost ones of each (y1, y0), and the value of those exposed (v1)."""
    exposed, lost = pl.col("exposed"), pl.col("lost")
    return rows.group_by(by).agg(
        exposed.sum().cast(pl.Float64).alias("n1"),
        (exposed & lost).sum().cast(pl.Float64).alias("y1"),
        (~exposed).sum().cast(pl.Float64).alias("n0"),
        (~exposed & lost).sum().cast(pl.Float64).alias("y0"),
        pl.col("value").filter(exposed).sum().alias("v1"),
    )


def amount(sums: Floats) -> Floats:
    """Exposed units x risk difference x their mean value, over the last axis in the order of SUMS; NaN without both."""
    n1, y1, n0, y0, v1 = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = v1 * (y1 / n1 - y0 / n0)
    return np.asarray(np.where((n1 > 0) & (n0 > 0), found, np.nan))


def resampled(rows: pl.DataFrame, frame: pl.DataFrame) -> Floats:
    """Amounts of every cell of ``frame`` (in its order) in each draw of customers."""
    of_customer = summed(rows, [*CELL, "customer_id"]).join(frame.select(*CELL, "_cell"), on=CELL)
    customer = of_customer["customer_id"].rank("dense").to_numpy().astype(np.int64) - 1
    shape = (int(customer.max()) + 1, frame.height)
    place = (customer, of_customer["_cell"].to_numpy())
    rng = np.random.default_rng(SEED)
    times = np.stack(
        [np.bincount(rng.integers(0, shape[0], shape[0]), minlength=shape[0]) for _ in range(DRAWS)]
    ).astype(np.float64)
    parts = [times @ sparse.csr_matrix((of_customer[name].to_numpy(), place), shape=shape) for name in SUMS]
    return amount(np.stack(parts, axis=-1))


def ranks_of(values: Floats) -> Floats:
    """Rank by amount, 1 the largest, over the last axis; nothing known ranks last."""
    return np.asarray((-np.nan_to_num(values, nan=-np.inf)).argsort(axis=-1, kind="stable").argsort(axis=-1) + 1.0)


def with_ranges(frame: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Add the yearly amount with its range, and rank, its range and stability among the cell's segment."""
    days = rows.group_by("kind").agg(((pl.col("day").max() - pl.col("day").min()).dt.total_days() + 1).alias("_days"))
    numbered = frame.join(days, on="kind").sort(CELL).with_columns(pl.int_range(pl.len()).alias("_cell"))
    a_year = DAYS_A_YEAR / numbered["_days"].to_numpy()
    value = amount(numbered.select(SUMS).to_numpy()) * a_year
    draws = resampled(rows, numbered) * a_year
    draws = np.where(np.isnan(draws), value, draws)
    lo, hi = np.quantile(draws, [0.025, 0.975], axis=0)
    ranked = {name: np.full(value.size, np.nan) for name in ("rank", "rank_lo", "rank_hi", "rank_stability")}
    is_ranked = ((numbered["n1"] >= ENOUGH) & (numbered["n0"] >= ENOUGH)).to_numpy()
    segment = numbered.select(pl.struct("scheme_id", "segment_id").rank("dense")).to_series().to_numpy()
    for number in np.unique(segment):
        here = np.flatnonzero((segment == number) & is_ranked)
        if here.size == 0:
            continue
        own, drawn = ranks_of(value[here]), ranks_of(draws[:, here])
        ranked["rank"][here] = own
        ranked["rank_lo"][here], ranked["rank_hi"][here] = np.floor(np.quantile(drawn, [0.025, 0.975], axis=0))
        ranked["rank_stability"][here] = (np.abs(drawn - own) <= NEAR_RANK).mean(axis=0)
    columns = {"value": value, "lo": np.fmin(lo, value), "hi": np.fmax(hi, value), **ranked}
    return numbered.with_columns(pl.Series(name, of, pl.Float64).fill_nan(None) for name, of in columns.items())


def with_urgency(frame: pl.DataFrame, rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Add the slope of the frequency over the last four complete quarters, as a share of its level."""
    last = cells.last_complete_quarter(as_of)
    quarter = cells.quarter_number("day")
    recent = rows.with_columns((quarter - last + PERIODS - 1).alias("_q")).filter(
        pl.col("_q").is_between(0, PERIODS - 1)
    )
    level = pl.col("n1") / (pl.col("n1") + pl.col("n0"))
    away = pl.col("_q") - (PERIODS - 1) / 2
    spread = sum((place - (PERIODS - 1) / 2) ** 2 for place in range(PERIODS))
    noise = level * (1 - level) / (pl.col("n1") + pl.col("n0"))
    slopes = (
        summed(recent, [*CELL, "_q"])
        .group_by(CELL)
        .agg(
            ((away * level).sum() / spread).alias("_slope"),
            ((away**2 * noise).sum().sqrt() / spread).alias("_se"),
            level.mean().alias("_level"),
            (pl.col("n1").sum() >= ENOUGH).alias("_enough"),
            pl.len().alias("_periods"),
        )
        .filter((pl.col("_periods") == PERIODS) & (pl.col("_level") > 0) & pl.col("_enough"))
    )
    ends = {"urgency": 0.0, "urgency_lo": -stats.Z95, "urgency_hi": stats.Z95}
    urgent = slopes.select(
        *CELL, *(((pl.col("_slope") + z * pl.col("_se")) / pl.col("_level")).alias(name) for name, z in ends.items())
    )
    return frame.join(urgent, on=CELL, how="left").with_columns(
        pl.when(pl.col("urgency").is_null())
        .then(pl.lit("insufficient_n"))
        .when(pl.col("urgency_lo") > 0)
        .then(pl.lit("rising"))
        .when(pl.col("urgency_hi") < 0)
        .then(pl.lit("falling"))
        .otherwise(pl.lit("steady"))
        .alias("trend")
    )


def segments_hit(frame: pl.DataFrame) -> pl.DataFrame:
    """Per pain the segments that meet it clearly more often than the rest of their scheme, as scheme:segment."""
    groups = frame.filter((pl.col("scheme_id") != cells.COMPANY) & ~pl.col("_hidden"))
    scheme = [*PAIN, "scheme_id"]
    counted = groups.with_columns(
        (pl.col("n1").sum().over(scheme) - pl.col("n1")).alias("_rest1"),
        (pl.col("n0").sum().over(scheme) - pl.col("n0")).alias("_rest0"),
    ).filter((pl.col("segment_id") != cells.UNKNOWN) & (pl.col("n1") >= ENOUGH))
    found = stats.two_by_two(*(counted[name].to_numpy() for name in ("n1", "n0", "_rest1", "_rest0")))
    is_hit = (stats.benjamini_hochberg(found.p) <= FALSE_DISCOVERIES) & (found.risk_ratio.value >= PRACTICAL_RATIO)
    named = counted.filter(pl.Series(is_hit)).sort(CELL)
    return named.group_by(PAIN, maintain_order=True).agg(
        pl.concat_str("scheme_id", "segment_id", separator=":").str.join(", ").alias("segments_hit")
    )


def build_pain_points(
    *,
    carts: pl.DataFrame,
    sessions: pl.DataFrame,
    orders: pl.DataFrame,
    tickets: pl.DataFrame,
    feedback: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per kind, pain, scheme (the company, region, the key schemes) and segment."""
    table = TABLES["pain_points"]
    average = orders.filter("is_valid")["net_amount_reporting"].mean()
    worth = average if isinstance(average, float) else 0.0
    found = [
        pl.DataFrame(schema=dict.fromkeys(EVIDENCE, pl.String)),
        *cart_units(carts),
        *site_units(sessions, worth),
        *order_units(orders, tickets, as_of),
        *review_units(feedback, orders, as_of),
    ]
    units = cells.without_staff(pl.concat(found, how="diagonal_relaxed"), customers).filter(
        pl.col("customer_id").is_not_null()
    )
    met = units.group_by(PAIN).agg(pl.col("exposed").any())
    units = units.join(met.filter("exposed").select(PAIN), on=PAIN)
    if units.is_empty():
        return table.empty()
    rows = grouped(cells.with_segments(units, membership))
    stages = rows.group_by(PAIN).agg(pl.col("stage").first())
    frame = with_urgency(with_ranges(summed(rows, CELL), rows), rows, as_of).join(stages, on=PAIN)
    counted = frame.with_columns(
        (pl.col("n1") + pl.col("n0")).cast(pl.Int64).alias("n"),
        pl.col("n1").cast(pl.Int64).alias("n_affected"),
    )
    marked = disclosure.protect(
        counted,
        COUNTS,
        table_by=("kind", "pain"),
        dimension="scheme_id",
        group="segment_id",
        period=None,
        min_cell=min_cell,
    ).with_columns(pl.any_horizontal(f"hide_{count}" for count in COUNTS).alias("_hidden"))
    latest = (
        units.filter(pl.col("exposed") & pl.col("lost"))
        .sort("day", *EVIDENCE)
        .group_by(PAIN)
        .agg(pl.col(name).last().alias(f"evidence_{name}") for name in EVIDENCE)
    )
    is_company = (pl.col("scheme_id") == cells.COMPANY) & ~pl.col("_hidden")
    of_company = ["segments_hit", *(f"evidence_{name}" for name in EVIDENCE)]
    described = (
        marked.join(segments_hit(marked), on=PAIN, how="left")
        .join(latest, on=PAIN, how="left")
        .with_columns(
            (pl.col("n1") / pl.col("n")).alias("frequency"),
            (pl.col("y1") / pl.col("n1") - pl.col("y0") / pl.col("n0")).fill_nan(None).alias("severity"),
            (pl.col("v1") / pl.col("n1")).fill_nan(None).alias("unit_value"),
            pl.format("association, {}", pl.col("kind").replace_strict(LOSSES)).alias("basis"),
            *(pl.when(is_company).then(pl.col(name)).alias(name) for name in of_company),
            pl.when("_hidden").then(pl.lit("suppressed")).otherwise("trend").alias("trend"),
        )
    )
    return table.conform(disclosure.blank(described, table, pl.col("_hidden")), as_of=as_of, run_id=run_id)


LOSSES = {
    "cart": "carts that reached the step; lost: no order within 24 h",
    "site": "sessions with a checkout; lost: no purchase in the session",
    "support": "orders of 210 days ago or more; lost: no order from day 31 to 210",
    "delivery": "delivered orders with a promise, 210 days ago or more; lost: no order from day 31 to 210",
    "review": "reviews with 180 days over; lost: no further order in them",
}
