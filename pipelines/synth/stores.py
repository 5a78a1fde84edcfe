"""Store purchases and visits: receipts with what the cashier typed, returns, check-ins, product scans (effect 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

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
    expand,
    pick_days,
    time_of_day,
    to_utc,
)
from pipelines.synth.catalogue import World
from pipelines.synth.devices import Devices
from pipelines.synth.records import CHUNK_STRIDE, typed_email, typed_phone
from pipelines.synth.sessions import Roomers
from pipelines.synth.trips import Trips

IDLE_VISITS_PER_QUARTER = 0.05
RETURN_SHARE = 0.04


@dataclass(frozen=True)
class Stores:
    receipts: pl.DataFrame
    """One row per receipt by time: r, receipt_no, kind, original_no, p, t, store_no, staff_id, at_us, card …"""
    lines: pl.DataFrame
    """One row per receipt line: r, line_no_on_receipt, sku_no, quantity, price, discount."""
    visits: pl.DataFrame
    """One row per visit or scan by time: p, store_no, at_us, kind, card, d (-1), sku_no (-1), line_no (-1)."""


def stores(
    chunk: Chunk,
    world: World,
    people: pl.DataFrame,
    quarters: pl.DataFrame,
    *,
    trips: Trips,
    devices: Devices,
    found: Roomers,
) -> Stores:
    rng = chunk.rng("stores")
    bought = trips.trips.filter(pl.col("channel") == 2)
    home = _home_store(world, people)
    receipts = _receipts(rng, chunk, world, people, bought=bought, home=home)
    lines = trips.items.join(receipts.filter(pl.col("kind") == "sale").select("t", "r"), on="t", maintain_order="left")
    amount = (lines["price"] * lines["quantity"]).to_numpy()
    off = np.where(rng.random(len(lines)) < 0.15, 0.10, 0.0)
    lines = lines.with_columns(pl.Series("discount", np.round(amount * off).astype(np.int64)))
    sale_of_return = receipts.filter(pl.col("kind") == "return").select(pl.col("r").alias("back"), "t")
    returned = trips.items.filter(pl.col("k") == 0).join(sale_of_return, on="t", maintain_order="left")
    returned = returned.join(
        lines.filter(pl.col("k") == 0).select("t", "discount"), on="t", maintain_order="left"
    ).with_columns(pl.col("back").alias("r"))
    columns = ["r", "k", "sku_no", "line_no", "quantity", "price", "discount"]
    lines = pl.concat([lines.select(columns), returned.select(columns)]).sort("r", "k", maintain_order=True)
    return Stores(
        receipts, lines, _visits(rng, world, people, quarters, bought=bought, devices=devices, found=found, home=home)
    )


def _home_store(world: World, people: pl.DataFrame) -> Array:
    region = people["region_no"].to_numpy()
    per_region = np.bincount(world.stores["region_no"].to_numpy(), minlength=5)
    first = np.cumsum(per_region) - per_region
    return np.asarray(first[region] + people["city_no"].to_numpy() % per_region[region])


def _receipts(
    rng: np.random.Generator, chunk: Chunk, world: World, people: pl.DataFrame, *, bought: pl.DataFrame, home: Array
) -> pl.DataFrame:
    n = len(bought)
    p, at = bought["p"].to_numpy(), bought["at_us"].to_numpy()
    when = at + rng.integers(2 * 24, 25 * 24, n) * HOUR
    back = (rng.random(n) < RETURN_SHARE) & (when < END_US - HOUR)
    row = np.concatenate([np.arange(n), np.flatnonzero(back)])
    kind = np.where(np.arange(len(row)) < n, 0, 1)
    time = np.where(kind == 0, at[row], when[row])
    who = p[row]
    store = home[who]
    card = people["has_card"].to_numpy()[who] & (rng.random(len(row)) < 0.91)
    email = ~card & (rng.random(len(row)) < 0.35)
    phone = rng.random(len(row)) < 0.10
    persons = people[who]
    typed = typed_phone(rng, persons, missing=0.0, landline=0.2)
    own = pl.Series(rng.random(len(row)) < 0.22)
    frame = pl.DataFrame(
        {
            "t": bought["t"].to_numpy()[row],
            "kind": np.array(["sale", "return"])[kind],
            "p": who,
            "q": bought["q"].to_numpy()[row],
            "line_no": bought["line_no"].to_numpy()[row],
            "store_no": store,
            "staff_no": store * 6 + rng.integers(0, 6, len(row)),
            "till_no": rng.integers(1, 4, len(row)),
            "at_us": time,
            "payment": np.array(["cash", "card", "voucher"])[np.searchsorted([0.28, 0.96], rng.random(len(row)))],
            "card": pl.DataFrame({"c": persons["card"], "s": card}).select(pl.when("s").then("c"))["c"],
            "email": pl.DataFrame({"c": typed_email(rng, persons["email"], typos=0.05), "s": email}).select(
                pl.when("s").then("c")
            )["c"],
            "phone": pl.DataFrame(
                {"c": typed, "s": phone, "own": own, "store": world.stores["phone"].gather(store)}
            ).select(pl.when(pl.col("s") & pl.col("own")).then("store").when("s").then("c").alias("c"))["c"],
        }
    ).sort("at_us", "t", "kind", maintain_order=True)
    base = chunk.index * CHUNK_STRIDE
    frame = frame.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int32).alias("r"),
        pl.format(
            "{}-{}",
            world.stores["store_id"].gather(frame["store_no"]),
            pl.int_range(pl.len(), dtype=pl.Int64) + base + 500_001,
        ).alias("receipt_no"),
        world.staff["staff_id"].gather(frame["staff_no"]).alias("staff_id"),
    )
    sales = frame.filter(pl.col("kind") == "sale").select("t", pl.col("receipt_no").alias("original_no"))
    frame = frame.join(sales, on="t", how="left", maintain_order="left")
    return frame.with_columns(pl.when(pl.col("kind") == "return").then("original_no").alias("original_no"))


def _visits(
    rng: np.random.Generator,
    world: World,
    people: pl.DataFrame,
    quarters: pl.DataFrame,
    *,
    bought: pl.DataFrame,
    devices: Devices,
    found: Roomers,
    home: Array,
) -> pl.DataFrame:
    """Check-ins before purchases, visits without purchase, and the scans of showrooming customers."""
    seen = bought.filter(pl.Series(rng.random(len(bought)) < 0.35))
    before = seen["at_us"].to_numpy() - rng.integers(10 * 60, 50 * 60, len(seen)) * SECOND
    q_p = quarters["p"].to_numpy()
    row, _ = expand(rng.poisson(IDLE_VISITS_PER_QUARTER * quarters["length"].to_numpy()))
    day = pick_days(rng, quarters["first_day"].to_numpy()[row], quarters["last_day"].to_numpy()[row], "store")
    idle = np.minimum(
        to_utc(FIRST_LOCAL + day * DAY + time_of_day(rng, len(row), "store"), people["region_no"].to_numpy()[q_p[row]]),
        END_US - 4 * HOUR,
    )
    show = found.showroomed
    ago = rng.integers(1, 11, len(show)) * DAY + rng.integers(0, 5 * 3600, len(show)) * SECOND
    scan = show["at_us"].to_numpy() - ago
    p = np.concatenate([seen["p"].to_numpy(), q_p[row], show["p"].to_numpy()])
    kind = np.repeat([0, 1, 2], [len(seen), len(row), len(show)])
    line = np.concatenate(
        [seen["line_no"].to_numpy(), rng.integers(0, len(LINES), len(row)), show["line_no"].to_numpy()]
    )
    is_scan = (kind == 2) | ((kind == 1) & (rng.random(len(p)) < 0.4))
    low, high = world.line_start[line], world.line_start[line + 1]
    sku = low + (rng.random(len(p)) * (high - low)).astype(np.int64)
    app = devices.app[p]
    use_app = (app >= 0) & (rng.random(len(p)) < 0.7)
    has_card = people["has_card"].to_numpy()[p]
    phone = devices.phone[p]
    frame = pl.DataFrame(
        {
            "p": p.astype(np.int32),
            "store_no": home[p],
            "at_us": np.concatenate([before, idle, scan]),
            "kind": np.where(is_scan, "scan", "visit"),
            "pattern": np.array(["purchase", "idle", "showroom"])[kind],
            "with_card": has_card & (~use_app | (rng.random(len(p)) < 0.4)),
            "d": np.where(use_app, app, np.where((kind == 2) & ~has_card, phone, -1)),
            "sku_no": np.where(is_scan, sku, -1),
            "line_no": np.where(is_scan | (rng.random(len(p)) < 0.6), line, -1).astype(np.int8),
        }
    )
    known = (pl.col("with_card") | (pl.col("d") >= 0)) & (pl.col("at_us") >= START_US)
    return frame.filter(known).sort("at_us", "p", "kind", maintain_order=True)
