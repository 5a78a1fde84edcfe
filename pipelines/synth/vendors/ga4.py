"""GA4 BigQuery export: one row per event, nested parameters and items, as Parquet.

Lists are built from flat child arrays and offsets, so that the cost is one pass per parameter whatever the number of
events. One writer per file, a row group per slice of events: memory does not grow with the file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.synth import effects, names, records
from pipelines.synth.base import REGIONS, SECOND, Array, to_local
from pipelines.synth.output import Output
from pipelines.synth.simulation import Simulation
from pipelines.synth.trips import local_price
from pipelines.synth.vendors.ga4_params import WHOLE_CART, parameters
from pipelines.synth.vendors.pages import Pages

SLICE = 300_000
_STREAMS = {"WEB": "3301001", "ANDROID": "3301002", "IOS": "3301003"}


@dataclass(frozen=True)
class _Tables:
    """Per-session and per-cart columns as arrays, taken by number for each event."""

    session: pl.DataFrame
    cart: pl.DataFrame
    items: pl.DataFrame
    item_start: Array
    item_count: Array
    pages: Pages


def write(out: Output, sim: Simulation) -> None:
    rng = sim.chunk.rng("ga4")
    events = _ordered(rng, sim)
    tables = _tables(sim, Pages(sim, rng))
    demo = sim.chunk.count == 1
    for number in np.unique(events["file_no"].to_numpy()):
        rows = events.filter(pl.col("file_no") == number)
        if demo:
            year, month = divmod(int(number) + 10, 12)
            path = f"ga4/events_{2024 + year}{month + 1:02d}.parquet"
        else:
            path = f"ga4/events{sim.chunk.suffix}{'_late' if number else ''}.parquet"
        _write_file(out, path, sim, tables, rows)


def _ordered(rng: np.random.Generator, sim: Simulation) -> pl.DataFrame:
    """Events with the repeated ones (effect 14), by file, not quite in the order of time."""
    events = sim.web.events.with_columns((pl.int_range(pl.len()).over("s")).alias("place"))
    n = len(events)
    u = pl.Series("u", rng.random(n))
    events = events.with_columns(u)
    same = events.filter(pl.col("u") < effects.REPEATED_SAME_FILE).with_columns(pl.lit(1, dtype=pl.Int8).alias("again"))
    later = events.filter(pl.col("u") > 1 - effects.REPEATED_LATER_FILE).with_columns(
        pl.lit(2, dtype=pl.Int8).alias("again")
    )
    events = pl.concat([events.with_columns(pl.lit(0, dtype=pl.Int8).alias("again")), same, later])
    if sim.chunk.count == 1:
        local = pl.Series(to_local(events["at_us"].to_numpy(), "Europe/Berlin")).cast(pl.Datetime("us"))
        month = (local.dt.year().cast(pl.Int32) - 2024) * 12 + local.dt.month().cast(pl.Int32) - 11
        file_no = pl.min_horizontal(pl.lit(month) + (pl.col("again") == 2).cast(pl.Int32), 23)
    else:
        file_no = (pl.col("again") == 2).cast(pl.Int32)
    shuffled = np.where(rng.random(len(events)) < 0.05, rng.integers(0, 3 * 3600, len(events)) * SECOND, 0)
    return events.with_columns(
        file_no.alias("file_no"), (pl.col("at_us") + pl.Series(shuffled)).alias("upload_us")
    ).sort("file_no", "upload_us", "e", "again")


def _tables(sim: Simulation, pages: Pages) -> _Tables:
    device = sim.devices.devices
    session = sim.sessions.sessions
    d = session["d"]
    city: list[str] = []
    city_start = []
    for r in REGIONS:
        city_start.append(len(city))
        city += names.CITIES[r.name]
    region = device["region_no"].gather(d).to_numpy()
    per_region = np.array([len(names.CITIES[r.name]) for r in REGIONS])[region]
    person = session["p"].to_numpy()
    shop_id = records.SHOPIFY_CUSTOMER + sim.people["person_id"].to_numpy()[np.maximum(person, 0)] * 37
    session = session.select(
        "start_us", "first_touch_us", "session_number", "source", "medium", "campaign_name", "campaign_id", "line_no"
    ).with_columns(
        pl.Series("user_id", shop_id).cast(pl.String),
        session["logged_in"].alias("logged_in"),
        device["device_id"].gather(d).alias("device_id"),
        *[device[name].gather(d).alias(name) for name in ("platform", "category", "os", "browser", "brand")],
        pl.Series("language", [f"{r.language}-{r.country.lower()}" for r in REGIONS]).gather(region),
        pl.Series("country", [r.country for r in REGIONS]).gather(region),
        pl.Series("region", [r.name for r in REGIONS]).gather(region),
        pl.Series("city", city).gather(np.array(city_start)[region] + d.to_numpy() % per_region),
        pl.Series("region_no", region),
        _slow_sessions(sim),
    )
    cart = sim.web.carts
    named = sim.orders.orders.filter(pl.col("c") >= 0).select("c", "order_name")
    cart = cart.join(named, on="c", how="left", maintain_order="left")
    items = sim.carts.items.sort("c", "k", maintain_order=True)
    count = np.bincount(items["c"].to_numpy(), minlength=max(len(cart), 1))
    return _Tables(session, cart, items, np.cumsum(count) - count, count, pages)


def _slow_sessions(sim: Simulation) -> pl.Series:
    """Whether the cart of the session met slow pages; without a cart one session in twelve did."""
    c = sim.sessions.sessions["c"].to_numpy()
    slow = np.append(sim.web.carts["slow_page"].to_numpy(), False)
    return pl.Series("slow", np.where(c >= 0, slow[np.minimum(c, len(slow) - 1)], np.arange(len(c)) % 12 == 5))


def _write_file(out: Output, path: str, sim: Simulation, tables: _Tables, events: pl.DataFrame) -> None:
    target = out.target(path)
    writer: pq.ParquetWriter | None = None
    for first in range(0, len(events), SLICE):
        table = _nested(sim, tables, events.slice(first, SLICE))
        writer = writer or pq.ParquetWriter(
            target, table.schema, compression="zstd", compression_level=1, store_schema=False
        )
        writer.write_table(table)
    if writer:
        writer.close()
        out.count(target, len(events))


def _nested(sim: Simulation, tables: _Tables, events: pl.DataFrame) -> pa.Table:
    s, c = events["s"], events["c"].to_numpy()
    session = tables.session[s.to_numpy()]
    start = events["name"].is_in(["session_start", "first_visit"])
    user = pl.DataFrame({"u": session["user_id"], "on": session["logged_in"] & ~start}).select(
        pl.when("on").then("u").alias("u")
    )["u"]
    date = (
        pl.Series(to_local(events["at_us"].to_numpy(), "Europe/Berlin")).cast(pl.Datetime("us")).dt.strftime("%Y%m%d")
    )
    cart = tables.cart[np.maximum(c, 0)] if len(tables.cart) else tables.cart
    quantity = _own_quantity(tables, events)
    price = _price(sim, np.maximum(events["sku_no"].to_numpy(), 0), session["region_no"].to_numpy())
    return pa.table(
        {
            "event_date": _text(date),
            "event_timestamp": pa.array(events["at_us"].to_numpy()),
            "event_name": _text(events["name"]),
            "event_params": parameters(tables.pages, events, session, cart, np.round(price * quantity, 2)),
            "event_bundle_sequence_id": pa.array(s.to_numpy().astype(np.int64) + sim.chunk.index * 10_000_000),
            "batch_event_index": pa.array(events["place"].to_numpy().astype(np.int64)),
            "user_id": _text(user),
            "user_pseudo_id": _text(session["device_id"]),
            "user_first_touch_timestamp": pa.array(session["first_touch_us"].to_numpy()),
            "platform": _text(session["platform"]),
            "stream_id": _text(session["platform"].replace_strict(_STREAMS)),
            "device": _struct(
                {
                    "category": "category",
                    "operating_system": "os",
                    "browser": "browser",
                    "language": "language",
                    "mobile_brand_name": "brand",
                },
                session,
            ),
            "geo": _struct(
                {"continent": "", "country": "country", "region": "region", "city": "city"},
                session,
                {"continent": "Europe"},
            ),
            "collected_traffic_source": _struct(
                {
                    "manual_source": "source",
                    "manual_medium": "medium",
                    "manual_campaign_name": "campaign_name",
                    "manual_campaign_id": "campaign_id",
                },
                session,
            ),
            "ecommerce": _ecommerce(tables, events, cart),
            "items": _items(sim, tables, events, session, quantity),
        }
    )


def _text(values: pl.Series) -> pa.Array:
    return values.cast(pl.String).to_arrow().cast(pa.string())


def _struct(fields: dict[str, str], frame: pl.DataFrame, constants: dict[str, str] | None = None) -> pa.StructArray:
    arrays = [
        pa.repeat(pa.scalar((constants or {})[name]), len(frame)) if not column else _text(frame[column])
        for name, column in fields.items()
    ]
    return pa.StructArray.from_arrays(arrays, names=list(fields))


def _ecommerce(tables: _Tables, events: pl.DataFrame, cart: pl.DataFrame) -> pa.StructArray:
    n = len(events)
    bought = (events["name"] == "purchase").to_numpy()
    absent = ~bought
    count = np.bincount(
        tables.items["c"].to_numpy(), tables.items["quantity"].to_numpy(), max(len(tables.cart), 1)
    ).astype(np.int64)
    if len(cart):
        net, fee = (cart["subtotal"] - cart["discount"]).to_numpy() / 100, cart["fee"].to_numpy() / 100
        order, quantity = cart["order_name"], count[cart["c"].to_numpy()]
    else:
        net, fee, order, quantity = (
            np.zeros(n),
            np.zeros(n),
            pl.Series([None] * n, dtype=pl.String),
            np.zeros(n, dtype=np.int64),
        )
    return pa.StructArray.from_arrays(
        [
            _text(pl.DataFrame({"o": order, "b": bought}).select(pl.when("b").then("o").alias("o"))["o"]),
            pa.array(np.round(net + fee, 2), mask=absent),
            pa.array(fee, mask=absent),
            pa.array(np.round((net + fee) * 19 / 119, 2), mask=absent),
            pa.array(quantity, mask=absent),
        ],
        names=["transaction_id", "purchase_revenue", "shipping_value", "tax_value", "total_item_quantity"],
    )


def _items(
    sim: Simulation, tables: _Tables, events: pl.DataFrame, session: pl.DataFrame, quantity: Array
) -> pa.ListArray:
    """One item for item events, all of the cart's for cart and checkout events."""
    sku, c = events["sku_no"].to_numpy(), events["c"].to_numpy()
    whole = events["name"].is_in(list(WHOLE_CART)).to_numpy() & (c >= 0)
    single = (sku >= 0) & ~whole
    counts = np.where(whole, tables.item_count[np.maximum(c, 0)], single * 1)
    parent = np.repeat(np.arange(len(events)), counts)
    place = np.arange(len(parent)) - (np.cumsum(counts) - counts)[parent]
    of_cart = whole[parent]
    row = np.where(of_cart, tables.item_start[np.maximum(c, 0)][parent] + place, 0)
    has_items = len(tables.items) > 0
    cart_sku = tables.items["sku_no"].to_numpy()[row] if has_items else row
    item = np.where(of_cart, cart_sku, sku[parent])
    products = sim.world.products[item.astype(np.int64)] if len(item) else sim.world.products.clear()
    price = _price(sim, item.astype(np.int64), session["region_no"].to_numpy()[parent])
    quantity = np.where(of_cart, tables.items["quantity"].to_numpy()[row] if has_items else 1, quantity[parent])
    struct = pa.StructArray.from_arrays(
        [
            _text(products["sku"]),
            _text(products["title"]),
            _text(products["brand"]),
            _text(products["colour"]),
            _text(products["line"]),
            _text(pl.Series([None] * len(item), dtype=pl.String)),
            pa.array(price),
            pa.array(quantity.astype(np.int64)),
            _text(pl.Series([None] * len(item), dtype=pl.String)),
        ],
        names=[
            "item_id",
            "item_name",
            "item_brand",
            "item_variant",
            "item_category",
            "item_category2",
            "price",
            "quantity",
            "coupon",
        ],
    )
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), struct)


def _price(sim: Simulation, sku: Array, region: Array) -> Array:
    """List price in the region's currency."""
    factor = np.array([r.factor for r in REGIONS])[region]
    return np.asarray(local_price(sim.world.products["price"].to_numpy()[sku], factor) / 100)


def _own_quantity(tables: _Tables, events: pl.DataFrame) -> Array:
    """Units put into the cart by an add_to_cart event: those of its item; one otherwise."""
    c, k = events["c"].to_numpy(), events["k"].to_numpy()
    added = (events["sku_no"].to_numpy() >= 0) & (c >= 0) & (k >= 0)
    out = np.ones(len(c), dtype=np.int64)
    if not len(tables.items) or not added.any():
        return out
    key = tables.items["c"].to_numpy().astype(np.int64) * 16 + tables.items["k"].to_numpy()
    wanted = c[added].astype(np.int64) * 16 + k[added]
    out[added] = tables.items["quantity"].to_numpy()[np.minimum(np.searchsorted(key, wanted), len(key) - 1)]
    return out
