"""Purchase intents: who wants to buy what line when, on which channel, for about how much, out of which journey.

Belongs here: one row per cart to be filled in the shop or app and one per store purchase, with its items. Stays out:
whether a cart becomes an order (carts.py) and what is logged on the way (web.py).
"""

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
    LINES,
    REGIONS,
    Array,
    Chunk,
    choose,
    expand,
    pick_days,
    quarter_volume,
    time_of_day,
    to_utc,
)
from pipelines.synth.catalogue import World

WEB_CARTS_PER_QUARTER = 0.15
STORE_BUYS_PER_QUARTER = 0.16
JOINING = 4.0
"""Quarters' worth of purchases that a newcomer adds to the first one: people become customers because they buy."""
_MEDIAN = np.array([190.0, 62.0, 108.0, 100.0, 105.0, 98.0])
"""Median of what people set out to spend, EUR, by line."""
_NEED_PRICE = np.array([0.85, 1.0, 1.30, 1.12, 1.0])
SMALL_ITEM = 22.0
PASS_THROUGH = 0.945
"""Part of a change of what is to be spent that comes through the price list; taken out, so that effect 4 is exact."""
_QUANTITY = (0.74, 0.15, 0.05, 0.04, 0.02)


@dataclass(frozen=True)
class Trips:
    trips: pl.DataFrame
    """One row per intent, sorted by time: t, p, q, line_no, at_us, channel (0 web, 1 app, 2 store), target."""
    items: pl.DataFrame
    """One row per item: t, k, sku_no, line_no, quantity, price (cents of the region's currency)."""


def trips(chunk: Chunk, world: World, people: pl.DataFrame, quarters: pl.DataFrame) -> Trips:
    rng = chunk.rng("trips")
    p, q = quarters["p"].to_numpy(), quarters["q"].to_numpy()
    joins = np.r_[True, p[1:] != p[:-1]] & (people["join_day"].to_numpy()[p] >= 0)
    rate = people["activity"].to_numpy()[p] * (quarters["length"].to_numpy() + JOINING * joins)
    shopper = people["shopper_no"].to_numpy()
    web_taste = np.array([1.3, 1.4, 0.45, 0.95])[shopper]
    store_taste = np.array([0.7, 0.7, 1.8, 1.15])[shopper]
    n_web = rng.poisson(WEB_CARTS_PER_QUARTER * quarter_volume("web")[q] * rate * web_taste[p])
    n_store = rng.poisson(STORE_BUYS_PER_QUARTER * quarter_volume("store")[q] * rate * store_taste[p])
    row = np.concatenate([expand(n_web)[0], expand(n_store)[0]])
    is_store = np.concatenate([np.zeros(n_web.sum(), dtype=bool), np.ones(n_store.sum(), dtype=bool)])
    first, last = quarters["first_day"].to_numpy()[row], quarters["last_day"].to_numpy()[row]
    day = np.where(is_store, pick_days(rng, first, last, "store"), pick_days(rng, first, last, "web"))
    clock = np.where(is_store, time_of_day(rng, len(row), "store"), time_of_day(rng, len(row), "web"))
    who = p[row]
    region = people["region_no"].to_numpy()[who]
    at = np.minimum(to_utc(FIRST_LOCAL + day * DAY + clock, region), END_US - 4 * HOUR)
    app = (shopper[who] == 1) & (rng.random(len(row)) < 0.8)
    other = rng.random(len(row)) < 0.12
    line = np.where(other, rng.integers(0, len(LINES), len(row)), quarters["line_no"].to_numpy()[row])
    frame = pl.DataFrame(
        {
            "p": who,
            "q": q[row],
            "line_no": line.astype(np.int8),
            "at_us": at,
            "channel": np.where(is_store, 2, np.where(app, 1, 0)).astype(np.int8),
            "target": quarters["spend_factor"].to_numpy()[row],
        }
    ).sort("at_us", "p", "channel", maintain_order=True)
    frame = frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("t"))
    return Trips(trips=frame, items=baskets(rng, world, people, frame))


def baskets(rng: np.random.Generator, world: World, people: pl.DataFrame, trips: pl.DataFrame) -> pl.DataFrame:
    """One to four items a trip; the item is the product of its line whose price is nearest to what is to be spent."""
    who = trips["p"].to_numpy()
    corporate = (people["kind"] == "corporate").to_numpy()[who]
    target = (
        _MEDIAN[trips["line_no"].to_numpy()]
        * _NEED_PRICE[people["need_no"].to_numpy()[who]]
        * trips["target"].to_numpy() ** (1 / PASS_THROUGH)
    )
    target = target * np.where(corporate, 1.9, 1.0) * np.exp(rng.normal(0, 0.75, len(who)))
    # no more items than the sum pays for: else the cheapest product would hide how much was to be spent (effect 4)
    n_items = np.minimum(
        1 + choose(rng, [0.56, 0.25, 0.12, 0.07], len(who)), np.maximum(target // SMALL_ITEM, 1)
    ).astype(int)
    t, k = expand(n_items)
    stays = (k == 0) | (rng.random(len(t)) < 0.7)
    line = np.where(stays, trips["line_no"].to_numpy()[t], rng.integers(0, len(LINES), len(t)))
    quantity = 1 + choose(rng, _QUANTITY, len(t)) + corporate[t] * rng.integers(0, 3, len(t))
    quantity = np.where((line == 0) & ~corporate[t], 1, quantity)
    quantity = np.minimum(quantity, np.maximum(target[t] / n_items[t] // SMALL_ITEM, 1)).astype(int)
    wanted = np.log(target[t] * 100 / n_items[t] / quantity) + rng.normal(0, 0.12, len(t))
    sku = _nearest(world, line, wanted)
    factor = np.array([r.factor for r in REGIONS])[people["region_no"].to_numpy()[who[t]]]
    return pl.DataFrame(
        {
            "t": t.astype(np.int32),
            "k": k.astype(np.int8),
            "sku_no": sku.astype(np.int32),
            "line_no": line.astype(np.int8),
            "quantity": quantity.astype(np.int32),
            "price": local_price(world.products["price"].to_numpy()[sku], factor),
        }
    )


def local_price(eur_cents: Array, factor: Array) -> Array:
    """Price in the region's currency, in cents: the EUR price times its level, ending in .90."""
    return np.where(factor == 1.0, eur_cents, np.maximum(np.round(eur_cents * factor / 100), 1) * 100 - 10).astype(
        np.int64
    )


def _nearest(world: World, line: Array, wanted: Array) -> Array:
    """Row of the product of the line whose log price is nearest to the wanted one."""
    out = np.empty(len(line), dtype=np.int64)
    for number in range(len(LINES)):
        rows = np.flatnonzero(line == number)
        low, high = world.line_start[number], world.line_start[number + 1]
        prices = world.log_price[low:high]
        middle = (prices[1:] + prices[:-1]) / 2
        out[rows] = low + np.searchsorted(middle, wanted[rows])
    return out


def free_shipping_limit(region: Array) -> Array:
    """Free-shipping threshold in cents of the region's currency."""
    return np.array([round(effects.FREE_SHIPPING[r.currency] * 100) for r in REGIONS])[region]
