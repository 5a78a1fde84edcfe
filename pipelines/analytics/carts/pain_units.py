"""Units that can meet a pain and be lost: carts, checkouts in a session, orders, reviewers.

Belongs here: what is exposed and what is lost, pain by pain. Stays out: counting and ranking them (pains.py).
Every frame is of few pains: kind, pain, stage, customer_id, region, day, exposed, lost, value, one column of evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from pipelines.analytics import cells
from pipelines.analytics.carts.abandonment import VALUED
from pipelines.analytics.carts.causes import CAUSES

SILENCE_DAYS = 180
TICKET_DAYS = 30
LOW_STARS = 2


@dataclass(frozen=True)
class Met:
    """What pains are met in."""

    carts: pl.DataFrame
    sessions: pl.DataFrame
    orders: pl.DataFrame
    tickets: pl.DataFrame
    feedback: pl.DataFrame


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


def known_units(met: Met, as_of: date) -> Iterator[pl.DataFrame]:
    """The units of every kind as soon as it is known whether they met the pain: kind, pain, customer_id, day, exposed.

    ``lost`` and ``value`` say nothing here: no time was given to be lost in.
    """
    yield from cart_units(met.carts)
    yield from site_units(met.sessions, 0.0)
    yield from order_units(met.orders, met.tickets, as_of, silence=0)
    yield from review_units(met.feedback, met.orders, as_of, silence=0)


def _named(kind: str, pain: str, stage: str) -> list[pl.Expr]:
    return [pl.lit(kind).alias("kind"), pl.lit(pain).alias("pain"), pl.lit(stage).alias("stage")]
