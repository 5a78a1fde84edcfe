"""The frame of the simulation: calendar, regions, product lines, chunks and their random streams, time arithmetic.

Belongs here: what several stages share. Stays out: anything drawn at random for one stage, and any vendor's format.
Times are 64-bit microseconds since the epoch in UTC unless a name says ``local``; money is in cents of its currency.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

Array = npt.NDArray[Any]

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR

FIRST_DAY = date(2024, 11, 1)
LAST_DAY = date(2026, 10, 31)
N_DAYS = (LAST_DAY - FIRST_DAY).days + 1
EPOCH_DAY = (FIRST_DAY - date(1970, 1, 1)).days
FIRST_LOCAL = EPOCH_DAY * DAY
START_US = int(datetime(2024, 10, 31, 23, tzinfo=UTC).timestamp()) * SECOND
END_US = int(datetime(2026, 10, 31, 23, tzinfo=UTC).timestamp()) * SECOND
"""Exclusive end of the simulated world: midnight after the last day in Berlin."""

NEEDS = ("price", "convenience", "quality", "design", "service")
LINES = ("Sofas", "Lighting", "Kitchen", "Textiles", "Garden", "Balcony")
DIVISION = {
    "Sofas": "Home",
    "Lighting": "Home",
    "Kitchen": "Table",
    "Textiles": "Table",
    "Garden": "Outdoor",
    "Balcony": "Outdoor",
}


@dataclass(frozen=True)
class Region:
    """One sales region; ``share`` is its part of the customers, ``factor`` its price level against EUR."""

    name: str
    country: str
    country_name: str
    language: str
    zone: str
    currency: str
    share: float
    factor: float
    standard_fee: int
    express_fee: int
    bulky_fee: int
    dial: str
    mobile: str
    mobile_digits: int
    landline: str
    landline_digits: int


REGIONS = (
    Region("North", "DE", "Germany", "de", "Europe/Berlin", "EUR", 0.34, 1.0, 495, 995, 2900, "49", "151", 8, "40", 8),
    Region("South", "ES", "Spain", "es", "Europe/Berlin", "EUR", 0.22, 1.0, 495, 995, 2900, "34", "6", 8, "91", 7),
    Region(
        "West", "GB", "United Kingdom", "en", "Europe/London", "GBP", 0.20, 0.87, 450, 895, 2500, "44", "74", 8, "20", 8
    ),
    Region("East", "AT", "Austria", "de", "Europe/Berlin", "EUR", 0.14, 1.0, 495, 995, 2900, "43", "664", 7, "1", 7),
    Region(
        "Alpine", "CH", "Switzerland", "de", "Europe/Berlin", "CHF", 0.10, 1.08, 590, 1190, 3200, "41", "79", 7, "44", 7
    ),
)
REGION_NAMES = tuple(region.name for region in REGIONS)
CURRENCIES = ("EUR", "GBP", "CHF")
EUR_PER_UNIT = {"EUR": 1.0, "GBP": 1.16, "CHF": 1.05}


@dataclass(frozen=True)
class Chunk:
    """A block of customers simulated and written together; its random streams depend on nothing but seed and place."""

    seed: int
    index: int
    start: int
    size: int
    count: int

    def rng(self, stage: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.index, zlib.crc32(stage.encode())])

    @property
    def suffix(self) -> str:
        """What distinguishes this chunk's files; nothing where there is only one."""
        return "" if self.count == 1 else f"_part{self.index:03d}"


def quarter_label(day: date) -> str:
    return f"{day.year}Q{(day.month - 1) // 3 + 1}"


def _quarters() -> tuple[tuple[str, int, int], ...]:
    labels = [quarter_label(FIRST_DAY + timedelta(days=i)) for i in range(N_DAYS)]
    names = list(dict.fromkeys(labels))
    return tuple((name, labels.index(name), labels.index(name) + labels.count(name)) for name in names)


QUARTERS = _quarters()
"""(label, first day, day after the last) with days counted from the first day of the world."""
QUARTER_OF_DAY = np.repeat(np.arange(len(QUARTERS)), [last - first for _, first, last in QUARTERS])

_MONTH = (1.0, 0.85, 0.95, 1.05, 1.1, 1.0, 0.9, 0.85, 1.0, 1.05, 1.35, 1.3)
_WEEKDAY = {"web": (1.0, 0.95, 0.95, 0.97, 0.95, 1.05, 1.2), "store": (0.85, 0.85, 0.9, 0.95, 1.15, 1.9, 0.0)}
HOURS = {
    "web": (8, 4, 2, 1, 1, 2, 6, 14, 22, 28, 32, 34, 38, 36, 32, 32, 34, 40, 50, 64, 78, 80, 56, 24),
    "store": (0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 40, 60, 62, 58, 62, 72, 82, 88, 70, 26, 0, 0, 0, 0),
    "office": (0, 0, 0, 0, 0, 0, 1, 6, 30, 52, 60, 54, 34, 40, 50, 46, 34, 16, 6, 4, 3, 2, 1, 0),
}


def day_weights(kind: str) -> Array:
    """Relative volume of each day of the world: month, weekday, a Black Friday week, 6 % growth a year."""
    days = [FIRST_DAY + timedelta(days=i) for i in range(N_DAYS)]
    weights = np.array([_MONTH[d.month - 1] * _WEEKDAY[kind][d.weekday()] for d in days])
    black = np.array([d.month == 11 and 22 <= d.day <= 30 for d in days])
    return weights * np.where(black, 1.8, 1.0) * 1.06 ** (np.arange(N_DAYS) / 365.0)


def quarter_volume(kind: str) -> Array:
    """Relative volume of a day in each quarter, 1 on average."""
    weights = day_weights(kind)
    return np.asarray([weights[first:last].mean() / weights.mean() for _, first, last in QUARTERS])


def pick_days(rng: np.random.Generator, first: Array, last: Array, kind: str) -> Array:
    """One day per row out of [first, last), by the weights of its kind."""
    edges = np.concatenate([[0.0], np.cumsum(day_weights(kind))])
    u = edges[first] + rng.random(len(first)) * (edges[last] - edges[first])
    return np.asarray(np.minimum(np.searchsorted(edges, u, side="right") - 1, last - 1))


def time_of_day(rng: np.random.Generator, size: int, kind: str) -> Array:
    """Microseconds since local midnight, whole seconds."""
    edges = np.cumsum(np.array(HOURS[kind], dtype=float))
    hour = np.searchsorted(edges / edges[-1], rng.random(size), side="right")
    return hour * HOUR + rng.integers(0, 3600, size) * SECOND


def _offsets(zone: str) -> tuple[Array, Array]:
    """Instants (UTC) from which an offset holds, and the offsets, from hourly probes of the zone data."""
    info = ZoneInfo(zone)
    hours = np.arange(int(datetime(2018, 1, 1, tzinfo=UTC).timestamp()), END_US // SECOND + 86_400 * 60, 3600)
    starts, offsets, last = [], [], None
    for stamp in hours[::24]:
        offset = datetime.fromtimestamp(int(stamp), tz=info).utcoffset()
        if offset != last:
            exact = next(
                int(s)
                for s in range(int(stamp) - 86_400, int(stamp) + 1, 3600)
                if datetime.fromtimestamp(s, tz=info).utcoffset() == offset
            )
            starts.append(exact * SECOND)
            offsets.append(int(offset.total_seconds()) * SECOND if offset else 0)
            last = offset
    return np.array(starts), np.array(offsets)


_ZONES = {zone: _offsets(zone) for zone in ("Europe/Berlin", "Europe/London")}


def local_offset(utc: Array, zone: str) -> Array:
    starts, offsets = _ZONES[zone]
    return np.asarray(offsets[np.maximum(np.searchsorted(starts, utc, side="right") - 1, 0)])


def to_local(utc: Array, zone: str) -> Array:
    return np.asarray(utc + local_offset(utc, zone))


def to_utc(local: Array, region: Array) -> Array:
    """UTC of a local wall-clock time in the region (by number); the hour that does not exist counts as the next."""
    west = np.array([r.zone == "Europe/London" for r in REGIONS])[region]
    berlin = local - local_offset(local - HOUR, "Europe/Berlin")
    london = local - local_offset(local, "Europe/London")
    return np.where(west, london, berlin)


def choose(rng: np.random.Generator, weights: Array | tuple[float, ...] | list[float], size: int) -> Array:
    """Row numbers drawn by weight."""
    edges = np.cumsum(np.asarray(weights, dtype=float))
    return np.minimum(np.searchsorted(edges / edges[-1], rng.random(size), side="right"), len(edges) - 1)


def choose_rows(rng: np.random.Generator, weights: Array) -> Array:
    """One column number per row of a weight matrix."""
    edges = np.cumsum(weights, axis=1)
    u = rng.random(len(weights)) * edges[:, -1]
    return np.asarray(np.minimum((u[:, None] >= edges).sum(axis=1), weights.shape[1] - 1))


def even_ranks(rng: np.random.Generator, values: Array, cell: Array) -> Array:
    """Uniform numbers that follow the order of ``values`` and are evenly spread within each cell.

    A stratified draw: the mean of a cell is then near its true one, so that a planted effect is visible in a small
    company too, while everything that is not a cell stays as random as before.
    """
    order = np.lexsort((values, cell))
    _, start, count = np.unique(cell[order], return_index=True, return_counts=True)
    rank = np.arange(len(cell)) - np.repeat(start, count)
    out = np.empty(len(cell))
    out[order] = (rank + rng.random(len(cell))) / np.repeat(count, count)
    return out


def systematic(rng: np.random.Generator, chance: Array, *cells: Array) -> Array:
    """Events drawn with each row's chance so that every cell, and cells within cells, have their expected number.

    Systematic sampling over the rows sorted by cell, in random order within the finest: the number of events in any run
    of rows differs from the sum of its chances by less than one.
    """
    order = np.lexsort((rng.random(len(chance)), *reversed(cells)))
    edges = np.cumsum(chance[order]) + rng.random()
    out = np.zeros(len(chance), dtype=bool)
    out[order] = np.floor(edges) > np.floor(
        np.concatenate([[edges[0] - chance[order[0]]], edges[:-1]]) if len(order) else edges
    )
    return out


def look_up(names: tuple[str, ...] | list[str], codes: Array) -> pl.Series:
    """Strings of codes."""
    return pl.Series(list(names), dtype=pl.String).gather(codes)


def expand(counts: Array) -> tuple[Array, Array]:
    """Row number and place within the row for a table with ``counts[i]`` children of row i."""
    counts = counts.astype(np.int64)
    parent = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return parent, np.arange(len(parent)) - starts[parent]


def hex_token(rng: np.random.Generator, size: int) -> pl.Series:
    """32 hexadecimal digits a row."""
    digits = np.frombuffer(rng.bytes(16 * size).hex().encode(), dtype="S32")
    return pl.Series(digits.astype("U32"), dtype=pl.String)
