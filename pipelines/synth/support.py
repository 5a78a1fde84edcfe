"""Support: who contacts whom about what, how long it takes, how it is rated (effects 2 and 12)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.synth import effects, texts
from pipelines.synth.base import (
    DAY,
    END_US,
    HOUR,
    REGION_NAMES,
    REGIONS,
    SECOND,
    Array,
    Chunk,
    choose,
    systematic,
    to_local,
)
from pipelines.synth.catalogue import World, week_of
from pipelines.synth.orders import Orders
from pipelines.synth.records import CHUNK_STRIDE
from pipelines.synth.stores import Stores
from pipelines.synth.texts import LANGUAGES, TOPICS, write

CONTACTS_PER_ORDER = 0.22
REPEAT_SHARE = 0.09
CHANNELS = ("email", "chat", "voice", "web", "mobile", "facebook")
_TOPIC_WEIGHTS = np.array([14, 4, 9, 8, 6, 4, 3, 5, 5, 14, 6, 12, 3, 4, 3], dtype=float)
GOOD_SHARE = 0.84


@dataclass(frozen=True)
class Support:
    tickets: pl.DataFrame
    """One row per ticket by time: ticket_id, p, topic_no, language_no, channel, times, agent_no, replies, rating …"""


def support(
    chunk: Chunk, world: World, people: pl.DataFrame, quarters: pl.DataFrame, *, orders: Orders, stores: Stores
) -> Support:
    rng = chunk.rng("support")
    base = _contacts(rng, people, quarters, orders, stores)
    again = base.filter(pl.Series(rng.random(len(base)) < REPEAT_SHARE))
    again = again.with_columns(
        pl.col("at_us") + pl.Series(rng.integers(26 * 3600, 6 * 86_400, len(again)) * SECOND),
        pl.lit(True).alias("is_repeat"),
    )
    frame = (
        pl.concat([base, again])
        .filter(pl.col("at_us") < END_US - HOUR)
        .sort("at_us", "p", "is_repeat", maintain_order=True)
    )
    return Support(_handled(rng, chunk, world, people, frame))


def _contacts(
    rng: np.random.Generator, people: pl.DataFrame, quarters: pl.DataFrame, orders: Orders, stores: Stores
) -> pl.DataFrame:
    """Contacts out of orders and store purchases; late deliveries and discontent bring more, South twice as many."""
    web = orders.orders.select(
        "p", "q", "line_no", "at_us", pl.col("delivered_us"), pl.col("order_name").alias("order_name"), "is_late", "o"
    )
    sales = stores.receipts.filter(pl.col("kind") == "sale")
    shop = sales.select(
        "p",
        "q",
        "line_no",
        "at_us",
        pl.col("at_us").alias("delivered_us"),
        pl.lit(None, dtype=pl.String).alias("order_name"),
        pl.lit(False).alias("is_late"),
        pl.lit(-1, dtype=pl.Int32).alias("o"),
    )
    base = pl.concat([web, shop.cast(web.schema)])
    base = base.join(quarters.select("p", "q", "index"), on=["p", "q"], how="left", maintain_order="left")
    discontent = np.exp(
        -0.025 * (base["index"].fill_null(effects.SPEND_CENTRE).to_numpy() - effects.SPEND_CENTRE)
    ).clip(max=5)
    region = people["region_no"].gather(base["p"]).to_numpy()
    south = np.where(region == REGION_NAMES.index("South"), effects.SOUTH_CONTACT_RATIO, 1.0)
    late = base["is_late"].to_numpy()
    asks = np.where(people["need"].gather(base["p"]).to_numpy() == "service", 1.6, 0.88)
    rate = CONTACTS_PER_ORDER * discontent * np.where(late, 1.8, 0.95) * asks * south
    whole = np.floor(rate)
    count = whole + systematic(rng, rate - whole, region)
    row = np.repeat(np.arange(len(base)), count.astype(np.int64))
    n = len(row)
    topic = choose(rng, _TOPIC_WEIGHTS, n)
    topic = np.where(late[row] & (rng.random(n) < 0.6), TOPICS.index("delivery_time"), topic)
    before = np.isin(
        topic,
        [
            TOPICS.index(name)
            for name in ("shipping_cost", "payment", "checkout", "account", "stock", "price", "site_speed")
        ],
    )
    at, delivered = base["at_us"].to_numpy()[row], base["delivered_us"].to_numpy()[row]
    early = at + rng.integers(600, 3 * 86_400, n) * SECOND
    after = np.where(delivered > 0, delivered, at + 4 * DAY) + rng.integers(3600, 18 * 86_400, n) * SECOND
    waiting = at + rng.integers(3 * 86_400, 8 * 86_400, n) * SECOND
    when = np.where(before, early, np.where(topic == 0, waiting, after))
    return (
        base[row]
        .select("p", "line_no", "order_name", "o")
        .with_columns(
            pl.Series("at_us", when),
            pl.Series("topic_no", topic.astype(np.int8)),
            pl.lit(False).alias("is_repeat"),
            pl.Series("index", base["index"].fill_null(75.0).to_numpy()[row]),
        )
    )


def _handled(
    rng: np.random.Generator, chunk: Chunk, world: World, people: pl.DataFrame, frame: pl.DataFrame
) -> pl.DataFrame:
    n = len(frame)
    p, at = frame["p"].to_numpy(), frame["at_us"].to_numpy()
    region = people["region_no"].to_numpy()[p]
    corporate = (people["kind"] == "corporate").to_numpy()[p]
    team = np.where(corporate, len(REGIONS), region)
    agent = team * 6 + rng.integers(0, 6, n)
    week = week_of(to_local(at, "Europe/Berlin"))
    outage_before = world.outage[team, np.maximum(week - 1, 0)] & (week > 0)
    channel = choose(rng, [0.42, 0.20, 0.14, 0.14, 0.07, 0.03], n)
    quick = np.isin(channel, [1, 2])
    first = (
        np.where(quick, np.exp(rng.normal(1.4, 0.8, n)), np.exp(rng.normal(5.6, 1.2, n))).clip(0.5, 20_000) * 60
    ).astype(np.int64) * SECOND
    solve = first + (np.exp(rng.normal(np.where(quick, 4.0, 7.0), 1.1)).clip(3, 40_000) * 60).astype(np.int64) * SECOND
    solved = at + solve < END_US - HOUR
    is_reopened = rng.random(n) < 0.08
    replies = 1 + (rng.random(n) < 0.45) + is_reopened
    is_reopened &= solved
    # Of its own generator, so that whatever is drawn after it stays as it was.
    share = chunk.rng("support-reopened").uniform(0.3, 0.7, (2, n))
    first_solve = first + (share[0] * (solve - first)).astype(np.int64)
    reopened = first_solve + (share[1] * (solve - first_solve)).astype(np.int64)
    asked = rng.random(n) < 0.75
    given = asked & solved & (rng.random(n) < 0.62)
    chance = GOOD_SHARE - effects.OUTAGE_RATING_DROP * outage_before
    good = systematic(rng, chance, given, outage_before)
    rating = np.where(given, np.where(good, 3, 2), np.where(asked & solved, 1, 0))
    language = language_of(rng, region)
    slots = {
        "product": world_products(world, frame["line_no"].to_numpy(), rng),
        "order": frame["order_name"].fill_null("-"),
        "email": people["email"].gather(p),
        "phone": people["mobile"].gather(p),
    }
    topic = frame["topic_no"].to_numpy().astype(np.int64)
    return frame.with_columns(
        (pl.int_range(pl.len(), dtype=pl.Int64) + chunk.index * CHUNK_STRIDE + 20_001).alias("ticket_id"),
        pl.Series("region_no", region.astype(np.int8)),
        pl.Series("team", team),
        pl.Series("agent_no", agent),
        pl.Series("week", week),
        pl.Series("outage_before", outage_before),
        pl.Series("channel", np.array(CHANNELS)[channel]),
        pl.Series("first_reply_us", np.where(at + first < END_US, at + first, 0)),
        pl.Series("solved_us", np.where(solved, at + solve, 0)),
        pl.Series("first_solved_us", np.where(solved, at + np.where(is_reopened, first_solve, solve), 0)),
        pl.Series("reopened_us", np.where(is_reopened, at + reopened, 0)),
        pl.Series("reopens", is_reopened.astype(int)),
        pl.Series("replies", np.where(at + first < END_US, replies, 0)),
        pl.Series("stations", 1 + (rng.random(n) < 0.12)),
        pl.Series("rating", np.array(["unoffered", "offered", "bad", "good"])[rating]),
        pl.Series(
            "rated_us",
            np.where(
                rating >= 2, np.minimum(at + solve + rng.integers(600, 86_400, n) * SECOND, END_US - SECOND), at + solve
            ),
        ),
        pl.Series("priority", np.array(["low", "normal", "high", "urgent"])[choose(rng, [0.15, 0.6, 0.2, 0.05], n)]),
        pl.Series("in_form", rng.random(n) < 0.55),
        pl.Series("language_no", language.astype(np.int8)),
        pl.Series("subject", texts.subject(language, topic)),
        write(rng, language, topic, np.zeros(n), slots).alias("description"),
    )


def language_of(rng: np.random.Generator, region: Array) -> Array:
    """Number of the language a text is written in: the region's, rarely another (effect 10)."""
    own = np.array([LANGUAGES.index(r.language) for r in REGIONS])[region]
    return np.where(rng.random(len(region)) < effects.FOREIGN_LANGUAGE, rng.integers(0, 3, len(region)), own)


def world_products(world: World, line: Array, rng: np.random.Generator) -> pl.Series:
    """Title of a random product of each row's line."""
    low, high = world.line_start[line], world.line_start[line + 1]
    return world.products["title"].gather(low + (rng.random(len(line)) * (high - low)).astype(np.int64))
