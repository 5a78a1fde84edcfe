"""Reviews and survey answers: customers and the market panel's non-customers (effects 3, 10, 11, 13)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.synth import effects
from pipelines.synth.base import (
    DAY,
    END_US,
    FIRST_LOCAL,
    HOUR,
    NEEDS,
    REGIONS,
    SECOND,
    Array,
    Chunk,
    choose,
    pick_days,
    time_of_day,
    to_utc,
)
from pipelines.synth.catalogue import World
from pipelines.synth.orders import Orders
from pipelines.synth.records import CHUNK_STRIDE
from pipelines.synth.support import language_of, world_products
from pipelines.synth.texts import TOPICS, write

SERVICE_REVIEWS_PER_ORDER = 0.10
PRODUCT_REVIEWS_PER_LINE = 0.12
NON_CUSTOMERS_PER_CUSTOMER = 0.12
UNANSWERED = 0.55
SURVEYS = ("SV_post_purchase", "SV_relationship", "SV_market")
_BAD = np.array([14, 6, 8, 9, 6, 8, 4, 3, 2, 8, 4, 4, 4, 6, 6], dtype=float)
_GOOD = np.array([14, 6, 3, 14, 4, 10, 6, 2, 1, 4, 3, 6, 3, 10, 14], dtype=float)
_NEED_TOPICS = {
    "price": ("price", "shipping_cost"),
    "convenience": ("delivery_time", "checkout"),
    "quality": ("quality", "damaged"),
    "design": ("design",),
    "service": ("staff", "returns_refund"),
}


@dataclass(frozen=True)
class Feedback:
    reviews: pl.DataFrame
    """One row per review: review_no, kind (service, product), p, o, sku_no, at_us, stars, language_no, topic_no …"""
    answers: pl.DataFrame
    """One row per survey response: response_no, p (-1: non-customer), q, survey, line_no, at_us, answers, text."""
    invitations: pl.DataFrame
    """One row per invitation by mail: p, survey, line_no, at_us, status, response_no (-1)."""


def feedback(chunk: Chunk, world: World, people: pl.DataFrame, quarters: pl.DataFrame, orders: Orders) -> Feedback:
    answers = _answers(chunk, world, people, quarters, orders)
    return Feedback(
        _reviews(chunk, world, people, quarters, orders), answers, _invitations(chunk, people, quarters, answers)
    )


def topics(rng: np.random.Generator, need: Array, good: Array) -> Array:
    """Topic of a text: by mood; two in five times what the writer's need is about."""
    n = len(need)
    topic = np.where(good, choose(rng, _GOOD, n), choose(rng, _BAD, n))
    own = np.zeros(n, dtype=np.int64)
    for number, name in enumerate(NEEDS):
        options = np.array([TOPICS.index(item) for item in _NEED_TOPICS[name]])
        own = np.where(need == number, options[rng.integers(0, len(options), n)], own)
    return np.where(rng.random(n) < 0.4, own, topic)


def _reviews(chunk: Chunk, world: World, people: pl.DataFrame, quarters: pl.DataFrame, orders: Orders) -> pl.DataFrame:
    rng = chunk.rng("reviews")
    done = orders.orders.filter(pl.col("delivered_us") > 0).select(
        "o", "p", "q", "line_no", "delivered_us", "is_late", "order_name"
    )
    service = done.filter(pl.Series(rng.random(len(done)) < SERVICE_REVIEWS_PER_ORDER)).with_columns(
        pl.lit(-1, dtype=pl.Int32).alias("sku_no"), pl.lit("service").alias("kind")
    )
    lines = orders.items.join(done.drop("line_no"), on="o", maintain_order="left")
    product = lines.filter(pl.Series(rng.random(len(lines)) < PRODUCT_REVIEWS_PER_LINE)).with_columns(
        pl.lit("product").alias("kind")
    )
    frame = pl.concat([service, product.select(service.columns).cast(service.schema)])
    frame = frame.join(quarters.select("p", "q", "latent"), on=["p", "q"], how="left", maintain_order="left")
    n = len(frame)
    p = frame["p"].to_numpy()
    share = (frame["latent"].fill_null(0.75).to_numpy() * 1.08 - 0.12 * frame["is_late"].to_numpy()).clip(0.02, 0.98)
    stars = 1 + rng.binomial(4, share)
    good = np.where(stars == 3, rng.random(n) < 0.5, stars > 3)
    region, need = people["region_no"].to_numpy()[p], people["need_no"].to_numpy()[p]
    topic = topics(rng, need, good)
    late = frame["is_late"].to_numpy() & ~good & (rng.random(n) < 0.7)
    topic = np.where(late, TOPICS.index("delivery_time"), topic)
    second = np.where(rng.random(n) < 0.3, topics(rng, need, good), topic)
    language = language_of(rng, region)
    named = world.products["title"].gather(np.maximum(frame["sku_no"].to_numpy(), 0))
    any_product = world_products(world, frame["line_no"].to_numpy(), rng)
    slots = {
        "product": pl.DataFrame({"s": frame["sku_no"], "a": named, "b": any_product}).select(
            pl.when(pl.col("s") >= 0).then("a").otherwise("b")
        )["a"],
        "order": frame["order_name"],
        "email": people["email"].gather(p),
        "phone": people["mobile"].gather(p),
    }
    text = write(rng, language, topic, good, slots, second=second)
    at = frame["delivered_us"].to_numpy() + rng.integers(12 * 3600, 30 * 86_400, n) * SECOND
    return (
        frame.with_columns(
            pl.Series("at_us", at),
            pl.Series("stars", stars),
            pl.Series("good", good),
            pl.Series("topic_no", topic.astype(np.int8)),
            pl.Series("language_no", language.astype(np.int8)),
            pl.Series("invited", rng.random(n) < 0.7),
            text.alias("text"),
        )
        .filter(pl.col("at_us") < END_US - DAY)
        .sort("at_us", "o", "sku_no", maintain_order=True)
        .with_columns((pl.int_range(pl.len(), dtype=pl.Int64) + chunk.index * CHUNK_STRIDE).alias("review_no"))
    )


def _answers(chunk: Chunk, world: World, people: pl.DataFrame, quarters: pl.DataFrame, orders: Orders) -> pl.DataFrame:
    rng = chunk.rng("surveys")
    mine = quarters.filter("responded")
    same = (
        orders.orders.filter(pl.col("delivered_us") > 0)
        .group_by("p", "q", "line_no", maintain_order=True)
        .agg(pl.col("order_name").first(), pl.col("delivered_us").first())
    )
    mine = mine.join(same, on=["p", "q", "line_no"], how="left", maintain_order="left")
    n, m = len(mine), round(chunk.size * NON_CUSTOMERS_PER_CUSTOMER)
    total = n + m
    bought = mine["order_name"].is_not_null().to_numpy()
    survey = np.where(bought & (rng.random(n) < 0.8), 0, np.where(rng.random(n) < 0.14, 2, 1))
    day = pick_days(rng, mine["first_day"].to_numpy(), mine["last_day"].to_numpy(), "web")
    other_day = pick_days(rng, np.zeros(m, dtype=int), np.full(m, 729), "web")
    other_region = choose(rng, [r.share for r in REGIONS], m)
    region = np.concatenate([people["region_no"].gather(mine["p"]).to_numpy(), other_region])
    all_days = np.concatenate([day, other_day])
    at = np.minimum(to_utc(FIRST_LOCAL + all_days * DAY + time_of_day(rng, total, "web"), region), END_US - HOUR)
    share = np.concatenate([mine["latent"].to_numpy(), rng.beta(9, 3.5, m)])
    need = np.concatenate(
        [people["need_no"].gather(mine["p"]).to_numpy(), rng.permutation(people["need_no"].to_numpy())[:m]]
    )
    outsider = np.arange(total) >= n
    frame = pl.DataFrame(
        {
            "p": np.concatenate([mine["p"].to_numpy(), np.full(m, -1)]).astype(np.int32),
            "q": np.concatenate([mine["q"].to_numpy(), np.full(m, -1)]).astype(np.int8),
            "region_no": region.astype(np.int8),
            "survey": np.array(SURVEYS)[np.concatenate([survey, np.full(m, 2)])],
            "line_no": np.concatenate([mine["line_no"].to_numpy(), rng.integers(0, 6, m)]).astype(np.int8),
            "order_name": pl.concat([mine["order_name"], pl.Series("order_name", [None] * m, dtype=pl.String)]),
            "at_us": at,
            "seconds": (60 + rng.gamma(2.0, 80.0, total)).astype(np.int64),
            "nps": rng.binomial(10, (share * 0.98 + 0.03).clip(0, 1)),
            "ces": 1 + rng.binomial(6, (share * 0.9 + 0.06).clip(0, 1)),
            "expectation": 1 + rng.binomial(9, rng.beta(12, 4.4, total)),
            "quality": 1 + rng.binomial(9, (share * 0.95 + 0.03).clip(0, 1)),
            "value": 1 + rng.binomial(9, (share - np.where(need == 0, 0.08, 0.02)).clip(0, 1)),
            "complained": rng.random(total) < 0.25 * (1 - share),
            "touch": np.array(["web", "app", "store", "support"])[choose(rng, [0.48, 0.14, 0.28, 0.10], total)],
            "by": np.where(outsider, "anonymous", np.array(["email", "email", "qr"])[rng.integers(0, 3, total)]),
            **_three(rng, mine, m),
            **_importance(rng, need, outsider),
        }
    )
    # a post-purchase survey comes after the delivery, as long as that stays in the quarter of the answers
    delivered = np.concatenate([mine["delivered_us"].fill_null(0).to_numpy(), np.zeros(m, dtype=np.int64)])
    later = delivered + rng.integers(86_400, 8 * 86_400, total) * SECOND
    quarter_end = np.concatenate(
        [FIRST_LOCAL + mine["last_day"].to_numpy().astype(np.int64) * DAY - 3 * HOUR, np.zeros(m, dtype=np.int64)]
    )
    fits = (frame["survey"] == "SV_post_purchase").to_numpy() & (later < quarter_end)
    frame = frame.with_columns(pl.Series("at_us", np.where(fits, later, at)))
    frame = frame.with_columns(
        pl.when((pl.col("survey") == "SV_post_purchase") & pl.Series(fits)).then("order_name").alias("order_name")
    )
    return (
        _texts(rng, world, people, frame, need)
        .sort("at_us", "p", maintain_order=True)
        .with_columns((pl.int_range(pl.len(), dtype=pl.Int64) + chunk.index * CHUNK_STRIDE).alias("response_no"))
    )


def _three(rng: np.random.Generator, mine: pl.DataFrame, m: int) -> dict[str, Array]:
    """The three satisfaction items: those of the quarter; non-customers rate their usual shop."""
    other = 1 + rng.binomial(9, rng.beta(9, 3.5, m)[:, None], (m, 3))
    return {name: np.concatenate([mine[name].to_numpy(), other[:, i]]) for i, name in enumerate(("q1", "q2", "q3"))}


def _importance(rng: np.random.Generator, need: Array, outsider: Array) -> dict[str, Array]:
    """What matters, 2-9: about 8 for the primary need and 5 for the rest; non-customers add one to design (11)."""
    out = {}
    for number, name in enumerate(NEEDS):
        share = np.where(need == number, 0.88, 0.42)
        value = 2 + rng.binomial(7, share)
        out[f"importance_{name}"] = value + (outsider * int(effects.NON_CUSTOMER_DESIGN) if name == "design" else 0)
    return out


def _texts(
    rng: np.random.Generator, world: World, people: pl.DataFrame, frame: pl.DataFrame, need: Array
) -> pl.DataFrame:
    n = len(frame)
    p = frame["p"].to_numpy()
    good = frame["q1"].to_numpy() >= 7
    language = language_of(rng, frame["region_no"].to_numpy())
    person = np.maximum(p, 0)
    known = pl.Series(p >= 0)
    slots = {
        "product": world_products(world, frame["line_no"].to_numpy(), rng),
        "order": frame["order_name"].fill_null("-"),
        "email": pl.DataFrame({"e": people["email"].gather(person), "k": known}).select(
            pl.when("k").then("e").otherwise(pl.lit("-")).alias("e")
        )["e"],
        "phone": pl.DataFrame({"e": people["mobile"].gather(person), "k": known}).select(
            pl.when("k").then("e").otherwise(pl.lit("-")).alias("e")
        )["e"],
    }
    topic = topics(rng, need, good)
    text = write(rng, language, topic, good, slots)
    wrote = pl.Series(rng.random(n) < 0.45)
    return frame.with_columns(
        pl.Series("topic_no", topic.astype(np.int8)),
        pl.Series("language_no", language.astype(np.int8)),
        pl.Series("good", good),
        pl.when(wrote).then(text).alias("text"),
    )


def _invitations(chunk: Chunk, people: pl.DataFrame, quarters: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Invitations by mail: answered ones an hour to four days before, and those that brought nothing."""
    rng = chunk.rng("invitations")
    answered = answers.filter((pl.col("by") == "email") & (pl.col("p") >= 0))
    sent = answered["at_us"].to_numpy() - rng.integers(3600, 4 * 86_400, len(answered)) * SECOND
    silent = quarters.filter(~pl.col("responded"))
    silent = silent.filter(pl.Series(rng.random(len(silent)) < UNANSWERED))
    day = pick_days(rng, silent["first_day"].to_numpy(), silent["last_day"].to_numpy(), "web")
    region = people["region_no"].gather(silent["p"]).to_numpy()
    when = np.minimum(to_utc(FIRST_LOCAL + day * DAY + time_of_day(rng, len(silent), "office"), region), END_US - HOUR)
    status = np.array(["Sent", "Opened", "Started", "Bounced"])[choose(rng, [0.58, 0.32, 0.07, 0.03], len(silent))]
    survey = np.array(SURVEYS)[np.where(rng.random(len(silent)) < 0.3, 0, 1)]
    return (
        pl.DataFrame(
            {
                "p": np.concatenate([answered["p"].to_numpy(), silent["p"].to_numpy()]),
                "survey": np.concatenate([answered["survey"].to_numpy().astype(str), survey]),
                "line_no": np.concatenate([answered["line_no"].to_numpy(), silent["line_no"].to_numpy()]),
                "at_us": np.concatenate([sent, when]),
                "status": np.concatenate([np.full(len(answered), "Finished"), status]),
                "response_no": np.concatenate([answered["response_no"].to_numpy(), np.full(len(silent), -1)]),
            }
        )
        .sort("at_us", "p", maintain_order=True)
        .with_columns((pl.int_range(pl.len(), dtype=pl.Int64) + chunk.index * CHUNK_STRIDE).alias("invitation_no"))
    )
