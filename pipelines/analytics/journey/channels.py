"""Channels: looking on one side and buying on the other, whether the channels are alike, what buying takes, first days.

Belongs here: shares above chance, gaps with tests of equivalence, parities, effort and onboarding. Stays out: which
look belongs to which purchase (a model of the warehouse).

Everything is association. A person is the unit wherever one person can have several rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.journey.channel_gaps import gap_rows, reply_rows
from pipelines.analytics.satisfaction.scores import ITEMS, WEIGHTS, index_score
from pipelines.analytics.tables import TABLES

REPEAT_DAYS = 7
PARITY = 0.01
"""Prices at most this far apart are the same."""

KEY = ["measure", "breakdown", "group_id"]
BY_REGION = {"region": "region"}
ROOMING = {
    "webrooming": ("webroomer_share", "webrooming_purchase_share", "ropo_revenue_share"),
    "showrooming": ("showroomer_share", "showrooming_purchase_share", None),
}
ONBOARDING = {
    "has_account_use": "onboarding_account_share",
    "has_delivery": "onboarding_delivery_share",
    "has_help_page": "onboarding_help_share",
    "has_support": "onboarding_support_share",
    "has_return": "onboarding_return_share",
    "has_feedback": "onboarding_feedback_share",
    "has_repeat": "onboarding_repeat_share",
}
EFFORT = {
    "seconds_to_purchase": ("seconds_to_purchase", "seconds"),
    "n_clicks": ("clicks_to_purchase", "clicks"),
    "n_form_steps": ("form_steps_to_purchase", "forms"),
    "n_obstacles": ("obstacles_to_purchase", "obstacles"),
}


def _sums(y: pl.Expr, x: pl.Expr) -> dict[str, pl.Expr]:
    """What a ratio of totals with persons as units is computed from."""
    return {"y": y.sum(), "x": x.sum(), "yy": (y**2).sum(), "xy": (y * x).sum(), "xx": (x**2).sum(), "people": pl.len()}


def _ratio(frame: pl.DataFrame) -> pl.DataFrame:
    """Add value, lo and hi: y / x with the interval of a ratio over independent persons, clipped to a share."""
    found = stats.ratio_interval(
        **{name: frame[name].to_numpy() for name in ("y", "x", "yy", "xy", "xx")}, n=frame["people"].to_numpy()
    )
    return frame.with_columns(
        pl.Series("value", found.value, pl.Float64).fill_nan(None).clip(-1, 1),
        pl.Series("lo", found.lo, pl.Float64).fill_nan(None).clip(-1, 1),
        pl.Series("hi", found.hi, pl.Float64).fill_nan(None).clip(-1, 1),
    )


def rooming_rows(purchases: pl.DataFrame, customers: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Shares of customers, of purchases and of store revenue with a look on the other side, above chance.

    Chance is the same purchase imagined one window earlier. What is seen by chance among those without intent makes
    observed = real + (1 - real) x chance; so real = (observed - chance) / (1 - chance). Purchases of the log's first
    days, which have no window earlier, are taken to meet as much chance as the others.
    """
    now = pl.col("is_carried_over").cast(pl.Float64)
    base = customers.filter(pl.col("is_identified") & ~pl.col("is_staff")).select("customer_id", "region")
    for behaviour, (of_people, of_purchases, of_revenue) in ROOMING.items():
        rows = purchases.filter(pl.col("behaviour") == behaviour)
        comparable = rows["is_comparable"].sum()
        if not comparable:
            continue
        before = pl.col("is_carried_over_earlier") & pl.col("is_comparable")
        before = before.cast(pl.Float64) * (rows.height / comparable)
        by_person = rows.group_by("customer_id").agg(
            now.max().alias("now"),
            before.max().alias("before"),
            (1 - (1 - pl.col("share_of_month_met")).product()).alias("shuffled"),
        )
        people = base.join(by_person, on="customer_id", how="left").with_columns(
            pl.col("now", "before", "shuffled").fill_null(0.0)
        )
        yield _above_chance(people, of_people, "customers; above the same purchases one window earlier")
        single = rows.group_by("customer_id", "region").agg(
            now.sum().alias("now"),
            before.sum().alias("before"),
            pl.col("share_of_month_met").sum().alias("shuffled"),
            pl.len().cast(pl.Float64).alias("weight"),
        )
        yield _above_chance(single, of_purchases, "purchases; above the same purchases one window earlier", "weight")
        if of_revenue:
            amount = pl.col("net_amount_reporting").clip(lower_bound=0)
            money = rows.group_by("customer_id", "region").agg(
                (now * amount).sum().alias("now"),
                (before * amount).sum().alias("before"),
                (pl.col("share_of_month_met") * amount).sum().alias("shuffled"),
                amount.sum().alias("weight"),
            )
            basis = "store revenue; above the same purchases one window earlier"
            yield _above_chance(money, of_revenue, basis, "weight", amount="real_amount_reporting")


def _above_chance(
    frame: pl.DataFrame, measure: str, basis: str, weight: str | None = None, *, amount: str | None = None
) -> pl.DataFrame:
    whole = pl.col(weight) if weight else pl.lit(1.0)
    sums = {
        **_sums(pl.col("now") - pl.col("before"), whole - pl.col("before")),
        "observed": pl.col("now").sum(),
        "earlier": pl.col("before").sum(),
        "shuffled": pl.col("shuffled").sum(),
        "whole": whole.sum() if weight else pl.len().cast(pl.Float64),
    }
    found = _ratio(cells.totals(frame, BY_REGION, sums, day=None))
    return found.with_columns(
        pl.lit(measure).alias("measure"),
        pl.lit(basis).alias("basis"),
        pl.lit("share").alias("unit"),
        *(
            (pl.col(name) / pl.col("whole")).fill_nan(None).alias(shown)
            for name, shown in (
                ("observed", "observed_share"),
                ("earlier", "chance_share"),
                ("shuffled", "shuffled_share"),
            )
        ),
        (pl.col("value") * pl.col("whole") if amount else pl.lit(None, pl.Float64)).alias("amount_reporting"),
        pl.col("people").cast(pl.Int64).alias("n"),
    )


def repeat_rows(tickets: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Share of tickets followed within 7 days by one of the same person and topic on another channel."""
    known = tickets.filter(pl.col("customer_id").is_not_null() & pl.col("topic").is_not_null())
    window = timedelta(days=REPEAT_DAYS)
    later = known.select("customer_id", "topic", pl.col("opened_at").alias("_at"), pl.col("channel").alias("_channel"))
    followed = (
        known.join(later, on=["customer_id", "topic"])
        .filter(
            (pl.col("_at") > pl.col("opened_at"))
            & (pl.col("_at") <= pl.col("opened_at") + window)
            & (pl.col("_channel") != pl.col("channel"))
        )
        .select("ticket_id")
        .unique()
        .with_columns(pl.lit(1.0).alias("again"))
    )
    # A ticket whose week is not over at as_of can still be followed.
    over = known.filter(pl.col("opened_at").dt.date() < as_of - window)
    by_person = (
        over.join(followed, on="ticket_id", how="left")
        .group_by("customer_id", "channel", "region")
        .agg(pl.col("again").fill_null(0.0).sum(), pl.len().cast(pl.Float64).alias("all"))
    )
    sums = _sums(pl.col("again"), pl.col("all"))
    found = _ratio(cells.totals(by_person, {"region": "region", "channel": "channel"}, sums, day=None))
    return found.with_columns(
        pl.lit("cross_channel_repeat_share").alias("measure"),
        pl.lit("tickets of known persons and topics; person as the unit").alias("basis"),
        pl.lit("share").alias("unit"),
        pl.col("x").cast(pl.Int64).alias("n"),
    )


def price_rows(prices: pl.DataFrame) -> pl.DataFrame:
    """Share of products, by currency and quarter, whose price online and in stores is the same within 1 %."""
    gap = (pl.col("online_price") - pl.col("store_price")).abs() / pl.col("online_price")
    sums = {"same": (gap <= PARITY).sum().cast(pl.Int64), "n": pl.len().cast(pl.Int64)}
    found = cells.totals(prices, {"currency": "currency"}, sums, day=None)
    share = stats.wilson(found["same"].to_numpy(), found["n"].to_numpy())
    return found.with_columns(
        pl.Series("value", share.value, pl.Float64).fill_nan(None),
        pl.Series("lo", share.lo, pl.Float64).fill_nan(None),
        pl.Series("hi", share.hi, pl.Float64).fill_nan(None),
        pl.lit("price_parity_share").alias("measure"),
        pl.lit("products sold on both sides in a quarter; median price before discounts").alias("basis"),
        pl.lit("share").alias("unit"),
    )


def effort_rows(sessions: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Medians of seconds, clicks, form steps and obstacles of the sessions with a purchase, with their intervals."""
    for shown, column in {cells.COMPANY: None, "channel": "channel", "device_category": "device_category"}.items():
        group = pl.lit(cells.ALL) if column is None else pl.col(column).cast(pl.String).fill_null(cells.UNKNOWN)
        for name, (measure, unit) in EFFORT.items():
            n = pl.len()
            # Order statistics around the median: n / 2 -+ z * sqrt(n) / 2 (binomial, normal approximation).
            reach = stats.Z95 * n.cast(pl.Float64).sqrt() / 2
            ordered = pl.col(name).cast(pl.Float64).sort()
            lowest = (n.cast(pl.Float64) / 2 - reach).floor().clip(lower_bound=0).cast(pl.Int64)
            highest = (n.cast(pl.Float64) / 2 + reach).ceil().cast(pl.Int64)
            yield (
                sessions.group_by(group.alias("group_id"))
                .agg(
                    pl.col(name).cast(pl.Float64).median().alias("value"),
                    ordered.get(lowest, null_on_oob=True).alias("lo"),
                    ordered.get(pl.min_horizontal(highest, n.cast(pl.Int64) - 1), null_on_oob=True).alias("hi"),
                    n.cast(pl.Int64).alias("n"),
                )
                .with_columns(
                    pl.lit(shown).alias("breakdown"),
                    pl.lit(measure).alias("measure"),
                    pl.lit(unit).alias("unit"),
                    pl.lit("median over sessions with a purchase, to the confirmation").alias("basis"),
                )
            )


def onboarding_rows(starts: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Shares of new customers to whom it happened within 30 days of the first order; only those whose 30 are over."""
    over = starts.filter("is_mature")
    sums = {name: pl.col(name).sum().cast(pl.Int64) for name in ONBOARDING}
    found = cells.totals(
        over, {"region": "region", "channel": "channel"}, {**sums, "n": pl.len().cast(pl.Int64)}, day=None
    )
    for name, measure in ONBOARDING.items():
        share = stats.wilson(found[name].to_numpy(), found["n"].to_numpy())
        yield found.with_columns(
            pl.Series("value", share.value, pl.Float64).fill_nan(None),
            pl.Series("lo", share.lo, pl.Float64).fill_nan(None),
            pl.Series("hi", share.hi, pl.Float64).fill_nan(None),
            pl.lit(measure).alias("measure"),
            pl.lit("customers whose first 30 days are over").alias("basis"),
            pl.lit("share").alias("unit"),
        )


def build_channel_behaviour(
    *,
    purchases: pl.DataFrame,
    prices: pl.DataFrame,
    sessions: pl.DataFrame,
    starts: pl.DataFrame,
    tickets: pl.DataFrame,
    survey: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per measure, breakdown and group (a pair of channels where two are compared)."""
    helped = cells.without_staff(tickets, customers)
    answers = cells.with_segments(
        cells.without_staff(survey, customers).with_columns(index_score(ITEMS, WEIGHTS).alias("index")), membership
    )
    rows = [
        *rooming_rows(purchases, customers),
        price_rows(prices),
        repeat_rows(helped, as_of),
        *effort_rows(cells.without_staff(sessions, customers)),
        *onboarding_rows(cells.without_staff(starts, customers)),
        *gap_rows(answers),
        *reply_rows(helped),
    ]
    table = TABLES["channel_behaviour"]
    frame = pl.concat(rows, how="diagonal_relaxed").with_columns(
        pl.lit(None, dtype).alias(name)
        for name, dtype in table.schema.items()
        if not any(name in part.columns for part in rows)
    )
    marked = disclosure.protect(
        frame.with_columns(pl.col("n").cast(pl.Int64)),
        ("n",),
        table_by=("measure",),
        dimension="breakdown",
        group="group_id",
        period=None,
        min_cell=min_cell,
    )
    blanked = disclosure.blank(marked.drop("suppressed", strict=False), table, pl.col("hide_n"))
    shown = blanked.with_columns(pl.when(~pl.col("suppressed")).then("verdict").alias("verdict"))
    return table.conform(shown.drop("as_of", "run_id", strict=False), as_of=as_of, run_id=run_id)
