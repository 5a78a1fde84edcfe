"""Browsers and app instances: who owns which, the shared ones, the store tablet, unknown visitors, bots.

Belongs here: one row per device of the chunk. Stays out: what is done on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.synth.base import END_US, FIRST_LOCAL, REGIONS, SECOND, Array, Chunk, choose, hex_token, look_up

VISITORS_PER_CUSTOMER = 1.4
BOTS = 3
ROLES = ("person", "household", "kiosk", "visitor", "bot")
_PHONE_OS = ("iOS", "Android")
_DESKTOP_OS = ("Windows", "Macintosh", "Linux")
BROWSERS = ("Chrome", "Safari", "Edge", "Firefox", "Samsung Internet")
_BRANDS = ("Apple", "Samsung", "Google", "Xiaomi")


@dataclass(frozen=True)
class Devices:
    devices: pl.DataFrame
    """One row per device: d, device_id, role, owner (person or -1), region_no, platform, category, os …"""
    phone: Array
    """Device of each person by use; -1 where there is none."""
    desktop: Array
    app: Array
    kiosk: int
    first_visitor: int
    first_bot: int


def devices(chunk: Chunk, people: pl.DataFrame) -> Devices:
    rng = chunk.rng("devices")
    n = chunk.size
    person = np.arange(n)
    has_desktop = rng.random(n) < 0.55
    app_user = (people["shopper_no"] == 1).to_numpy() | (rng.random(n) < 0.12)
    household = people["household_id"].to_numpy()
    first_member = np.searchsorted(household, household)
    shares = ((people["household_size"] > 1).to_numpy() & (rng.random(n) < 0.6))[first_member]
    own_desktop = np.flatnonzero(np.where(shares, first_member == person, has_desktop))
    app_people = np.flatnonzero(app_user)
    n_visitors = round(n * VISITORS_PER_CUSTOMER)
    counts = [n, len(own_desktop), len(app_people), 1, n_visitors, BOTS]
    start = np.concatenate([[0], np.cumsum(counts)])
    kind = np.repeat(np.arange(6), counts)
    visitors = choose(rng, [r.share for r in REGIONS], n_visitors)
    owner = np.concatenate([person, own_desktop, app_people, [-1], np.full(n_visitors + BOTS, -1)])
    region = np.concatenate([people["region_no"].to_numpy()[owner[: start[3]]], [0], visitors, np.zeros(BOTS)]).astype(
        int
    )
    shared = np.concatenate([np.zeros(n, dtype=bool), shares[own_desktop], np.zeros(sum(counts[2:]), dtype=bool)])
    role = np.where(kind == 3, 2, np.where(kind == 4, 3, np.where(kind == 5, 4, shared * 1)))
    desktop = np.full(n, -1)
    desktop[own_desktop] = start[1] + np.arange(len(own_desktop))
    desktop = np.where(shares, desktop[first_member], desktop)
    app = np.full(n, -1)
    app[app_people] = start[2] + np.arange(len(app_people))
    frame = _describe(rng, chunk, kind, owner=owner, region=region, role=role)
    return Devices(frame, person, desktop, app, int(start[3]), int(start[4]), int(start[5]))


def _describe(
    rng: np.random.Generator, chunk: Chunk, kind: Array, *, owner: Array, region: Array, role: Array
) -> pl.DataFrame:
    n = len(kind)
    phone = (kind == 0) | (kind == 2) | ((kind == 4) & (rng.random(n) < 0.62))
    tablet = kind == 3
    ios = rng.random(n) < 0.46
    desktop_os = choose(rng, [0.68, 0.27, 0.05], n)
    os_no = np.where(phone | tablet, np.where(ios, 0, 1), 2 + desktop_os)
    browser = choose(rng, [0.56, 0.24, 0.10, 0.07, 0.03], n)
    platform = np.where(kind == 2, np.where(ios, 2, 1), 0)
    number = rng.integers(10**8, 2**31, n)
    since = (FIRST_LOCAL + (rng.random(n) * (END_US - FIRST_LOCAL)).astype(np.int64)) // SECOND
    bot = kind == 5
    frame = pl.DataFrame(
        {
            "d": np.arange(n),
            "owner": owner,
            "region_no": region.astype(np.int8),
            "role": look_up(ROLES, role),
            "number": number,
            "since": since,
            "token": hex_token(rng, n),
            "platform": look_up(("WEB", "ANDROID", "IOS"), platform),
            "category": look_up(("mobile", "tablet", "desktop"), np.where(phone, 0, np.where(tablet, 1, 2))),
            "os": look_up((*_PHONE_OS, *_DESKTOP_OS), os_no),
            "browser": look_up(
                (*BROWSERS, "Googlebot", "HaldenMonitorBot"), np.where(bot, 5 + np.arange(n) % 2, browser)
            ),
            "brand": look_up((*_BRANDS, ""), np.where(phone, np.where(ios, 0, 1 + browser % 3), 4)),
        }
    )
    web_id = pl.format("{}.{}", pl.col("number") * 100 + chunk.index % 100, "since")
    return frame.with_columns(
        pl.when(pl.col("platform") == "WEB").then(web_id).otherwise("token").alias("device_id")
    ).drop("number", "since", "token")
