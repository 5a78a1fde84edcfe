"""Sessions on the shop and the app, and the clock times of each cart's steps.

Belongs here: who was when on which device, for what, from which source; what they looked at. Stays out: nesting into
an export (vendors/ga4.py). Webrooming and showrooming (effect 6) are chosen here, out of the finished purchases.
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
    SECOND,
    START_US,
    Array,
    Chunk,
    choose,
    expand,
    look_up,
    pick_days,
    quarter_volume,
    time_of_day,
    to_utc,
)
from pipelines.synth.browsing import KINDS, browse
from pipelines.synth.carts import Carts
from pipelines.synth.catalogue import World
from pipelines.synth.devices import Devices
from pipelines.synth.trips import Trips

BACKGROUND_PER_QUARTER = 0.45
RESEARCH_PER_CART = 0.6
_SOURCES = (
    ("(direct)", "(none)"),
    ("google", "organic"),
    ("google", "cpc"),
    ("instagram", "social"),
    ("homeideas.example", "referral"),
)


@dataclass(frozen=True)
class Roomers:
    """Effect 6: customers chosen, and the purchases that carry the pattern."""

    webroomers: Array
    showroomers: Array
    webroomed: pl.DataFrame
    """Store trips with planted online views: t, p, line_no, at_us."""
    showroomed: pl.DataFrame
    """Orders with a planted store scan: c, p, line_no, at_us."""


def roomers(chunk: Chunk, people: pl.DataFrame, trips: Trips, carts: pl.DataFrame) -> Roomers:
    """Choose 8 % and 5 % of all customers among those who can show the pattern and be recognised in both channels."""
    rng = chunk.rng("roomers")
    known = (people["has_card"] & people["has_account"]).to_numpy()
    store = trips.trips.filter(pl.col("channel") == 2)
    bought = carts.filter(pl.col("reached") == 4)
    in_store, online = np.zeros(len(people), dtype=bool), np.zeros(len(people), dtype=bool)
    in_store[store["p"].to_numpy()] = True
    online[bought["p"].to_numpy()] = True
    web = rng.permutation(np.flatnonzero(known & in_store))[: round(len(people) * effects.WEBROOMER_SHARE)]
    rest = np.setdiff1d(np.flatnonzero(known & online), web)
    show = rng.permutation(rest)[: round(len(people) * effects.SHOWROOMER_SHARE)]
    return Roomers(
        np.sort(web),
        np.sort(show),
        store.filter(pl.col("p").is_in(web.tolist())).select("t", "p", "line_no", "at_us"),
        bought.filter(pl.col("p").is_in(show.tolist())).select("c", "p", "line_no", "at_us"),
    )


@dataclass(frozen=True)
class Sessions:
    sessions: pl.DataFrame
    """One row per session sorted by start: s, p (-1 unknown), d, start_us, kind, line_no, c (-1), logged_in …"""
    browse: pl.DataFrame
    """One row per event before any cart step: s, at_us, name, sku_no (-1)."""
    end_us: Array
    """When the browsing part of each session ends."""


def sessions(
    chunk: Chunk,
    world: World,
    people: pl.DataFrame,
    quarters: pl.DataFrame,
    *,
    devices: Devices,
    carts: Carts,
    touches: pl.DataFrame,
    found: Roomers,
) -> Sessions:
    rng = chunk.rng("sessions")
    parts = [
        _background(rng, people, quarters),
        _research(rng, carts.carts),
        _of_carts(carts.carts),
        _recovery(rng, carts.carts),
        _clicks(rng, touches),
        _kiosk(rng, people),
        _visitors(rng, devices),
        _bots(rng),
        _webroom(rng, found.webroomed),
    ]
    frame = pl.concat(parts).filter((pl.col("start_us") >= START_US) & (pl.col("start_us") < END_US - 3 * HOUR))
    frame = _placed(rng, people, devices, frame, carts.carts)
    frame = frame.sort("start_us", "d", "kind", "c", maintain_order=True).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int32).alias("s")
    )
    frame = frame.with_columns(
        (pl.int_range(pl.len()).over("d") + 1).alias("session_number"),
        pl.col("start_us").min().over("d").alias("first_touch_us"),
    )
    frame = _sourced(rng, world, frame)
    seen, end = browse(rng, world, people, frame, carts)
    return Sessions(frame, seen, end)


def _part(
    kind: str, p: Array, start: Array, line: Array, *, c: Array | None = None, extra: Array | None = None
) -> pl.DataFrame:
    none = np.full(len(p), -1)
    return pl.DataFrame(
        {
            "p": p.astype(np.int32),
            "start_us": start.astype(np.int64),
            "kind": np.full(len(p), KINDS.index(kind), dtype=np.int8),
            "line_no": line.astype(np.int8),
            "c": (none if c is None else c).astype(np.int32),
            "campaign_no": (none if extra is None else extra).astype(np.int16),
        }
    )


def _background(rng: np.random.Generator, people: pl.DataFrame, quarters: pl.DataFrame) -> pl.DataFrame:
    p = quarters["p"].to_numpy()
    volume = quarter_volume("web")[quarters["q"].to_numpy()]
    rate = (
        BACKGROUND_PER_QUARTER
        * volume
        * quarters["length"].to_numpy()
        * np.sqrt(people["activity"].to_numpy()[p] + 0.2)
    )
    row, _ = expand(rng.poisson(rate))
    day = pick_days(rng, quarters["first_day"].to_numpy()[row], quarters["last_day"].to_numpy()[row], "web")
    start = to_utc(FIRST_LOCAL + day * DAY + time_of_day(rng, len(row), "web"), people["region_no"].to_numpy()[p[row]])
    line = np.where(
        rng.random(len(row)) < 0.6, quarters["line_no"].to_numpy()[row], rng.integers(0, len(LINES), len(row))
    )
    return _part("background", p[row], start, line)


def _research(rng: np.random.Generator, carts: pl.DataFrame) -> pl.DataFrame:
    row, _ = expand(rng.poisson(RESEARCH_PER_CART, len(carts)))
    start = (
        carts["at_us"].to_numpy()[row]
        - (rng.exponential(4.0, len(row)) * DAY).astype(np.int64) // SECOND * SECOND
        - HOUR
    )
    return _part("research", carts["p"].to_numpy()[row], start, carts["line_no"].to_numpy()[row])


def _of_carts(carts: pl.DataFrame) -> pl.DataFrame:
    return _part(
        "cart", carts["p"].to_numpy(), carts["at_us"].to_numpy(), carts["line_no"].to_numpy(), c=carts["c"].to_numpy()
    )


def _recovery(rng: np.random.Generator, carts: pl.DataFrame) -> pl.DataFrame:
    back = carts.filter("recovered")
    start = back["at_us"].to_numpy() + rng.integers(27 * 3600, 110 * 3600, len(back)) * SECOND
    return _part("recovery", back["p"].to_numpy(), start, back["line_no"].to_numpy(), c=back["c"].to_numpy())


def _clicks(rng: np.random.Generator, touches: pl.DataFrame) -> pl.DataFrame:
    clicked = touches.filter(pl.col("click_us") > 0)
    line = rng.integers(0, len(LINES), len(clicked))
    return _part(
        "campaign",
        clicked["p"].to_numpy(),
        clicked["click_us"].to_numpy() + 2 * SECOND,
        line,
        extra=clicked["campaign_no"].to_numpy(),
    )


def _kiosk(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """Two hundred account holders log in on the tablet of a store (effect 7)."""
    able = people.filter("has_account")["p"].to_numpy()
    p = np.sort(rng.permutation(able)[: effects.KIOSK_LOGINS])
    day = rng.integers(30, 725, len(p))
    start = to_utc(FIRST_LOCAL + day * DAY + time_of_day(rng, len(p), "store"), np.zeros(len(p), dtype=int))
    return _part("kiosk", p, start, rng.integers(0, len(LINES), len(p)))


def _visitors(rng: np.random.Generator, devices: Devices) -> pl.DataFrame:
    n = devices.first_bot - devices.first_visitor
    row, _ = expand(1 + rng.poisson(0.25, n))
    day = pick_days(rng, np.zeros(len(row), dtype=int), np.full(len(row), 729), "web")
    start = FIRST_LOCAL + day * DAY + time_of_day(rng, len(row), "web")
    return _part("visitor", -2 - row, start, rng.integers(0, len(LINES), len(row)))


def _bots(rng: np.random.Generator) -> pl.DataFrame:
    start = FIRST_LOCAL + rng.integers(0, 729 * 86_400, 120) * SECOND
    return _part("bot", np.full(120, -1), start, rng.integers(0, len(LINES), 120))


def _webroom(rng: np.random.Generator, bought: pl.DataFrame) -> pl.DataFrame:
    row, _ = expand(1 + (rng.random(len(bought)) < 0.4))
    before = (rng.integers(20, 21 * 24 * 60 - 120, len(row)) + 60) * 60 * SECOND
    start = bought["at_us"].to_numpy()[row] - before
    return _part("webroom", bought["p"].to_numpy()[row], start, bought["line_no"].to_numpy()[row])


def _placed(
    rng: np.random.Generator, people: pl.DataFrame, devices: Devices, frame: pl.DataFrame, carts: pl.DataFrame
) -> pl.DataFrame:
    """Give each session its device and say whether the person is logged in."""
    n = len(frame)
    p, kind, c = frame["p"].to_numpy(), frame["kind"].to_numpy(), frame["c"].to_numpy()
    person = np.maximum(p, 0)
    wants_app = (people["shopper_no"].to_numpy()[person] == 1) & (rng.random(n) < 0.8)
    wants_phone = rng.random(n) < 0.58
    in_cart = c >= 0
    mobile_cart, app_cart = carts["mobile"].to_numpy(), carts["channel"].to_numpy() == 1
    wants_phone = np.where(in_cart, mobile_cart[c] if len(carts) else False, wants_phone)
    wants_app = np.where(in_cart, app_cart[c] if len(carts) else False, wants_app)
    desktop, app = devices.desktop[person], devices.app[person]
    d = np.where(wants_app & (app >= 0), app, np.where(~wants_phone & (desktop >= 0), desktop, devices.phone[person]))
    d = np.where(kind == KINDS.index("kiosk"), devices.kiosk, d)
    d = np.where(kind == KINDS.index("visitor"), devices.first_visitor + (-2 - p), d)
    d = np.where(kind == KINDS.index("bot"), devices.first_bot + np.arange(n) % 3, d)
    account = people["has_account"].to_numpy()[person] & (p >= 0)
    logged = account & (rng.random(n) < 0.42)
    logged = np.where(in_cart, carts["logged_in"].to_numpy()[c] if len(carts) else False, logged)
    sure = np.isin(kind, [KINDS.index("kiosk"), KINDS.index("webroom")])
    return frame.with_columns(pl.Series("d", d), pl.Series("logged_in", np.where(sure, account, logged))).with_columns(
        pl.col("p").clip(lower_bound=-1)
    )


def _sourced(rng: np.random.Generator, world: World, frame: pl.DataFrame) -> pl.DataFrame:
    pick = choose(rng, [0.32, 0.34, 0.18, 0.10, 0.06], len(frame))
    campaign = pl.when(pl.col("campaign_no") >= 0).then(pl.col("campaign_no"))
    name = pl.lit(world.campaigns["name"]).gather(campaign)
    ident = pl.lit(world.campaigns["id"]).gather(campaign)
    by_mail = pl.col("campaign_no") >= 0
    channel = pl.lit(world.campaigns["channel"]).gather(campaign)
    return frame.with_columns(
        pl.when(by_mail).then(pl.lit("klaviyo")).otherwise(look_up([a for a, _ in _SOURCES], pick)).alias("source"),
        pl.when(by_mail).then(channel).otherwise(look_up([b for _, b in _SOURCES], pick)).alias("medium"),
        name.alias("campaign_name"),
        ident.alias("campaign_id"),
    )
