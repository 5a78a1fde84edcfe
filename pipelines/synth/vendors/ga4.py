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
from pipelines.synth.base import LINES, REGIONS, SECOND, Array, to_local
from pipelines.synth.output import Output
from pipelines.synth.simulation import Simulation
from pipelines.synth.vendors.ga4_params import Params

SLICE = 300_000
SITE = "https://www.haldenmoor.example"
_STREAMS = {"WEB": "3301001", "ANDROID": "3301002", "IOS": "3301003"}
CART_EVENTS = (
    "add_to_cart", "remove_from_cart", "out_of_stock", "view_cart", "begin_checkout", "form_error", "coupon_error", "add_shipping_info",
    "add_payment_info", "payment_declined", "purchase", "returns_policy_view",
)  # fmt: skip
WHOLE_CART = ("view_cart", "begin_checkout", "add_shipping_info", "add_payment_info", "purchase")


@dataclass(frozen=True)
class _Tables:
    """Per-session and per-cart columns as arrays, taken by number for each event."""

    session: pl.DataFrame
    cart: pl.DataFrame
    items: pl.DataFrame
    item_start: Array
    item_count: Array


def write(out: Output, sim: Simulation) -> None:
    rng = sim.chunk.rng("ga4")
    events = _ordered(rng, sim)
    tables = _tables(sim)
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


def _tables(sim: Simulation) -> _Tables:
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
    return _Tables(session, cart, items, np.cumsum(count) - count, count)


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
    return pa.table(
        {
            "event_date": _text(date),
            "event_timestamp": pa.array(events["at_us"].to_numpy()),
            "event_name": _text(events["name"]),
            "event_params": _params(sim, events, session, cart),
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
            "items": _items(sim, tables, events, session),
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


def _params(sim: Simulation, events: pl.DataFrame, session: pl.DataFrame, cart: pl.DataFrame) -> pa.ListArray:
    """Parameters by event name; the numbers are random only where nothing in the world fixes them."""
    n = len(events)
    name, sku, c, e = events["name"], events["sku_no"].to_numpy(), events["c"].to_numpy(), events["e"].to_numpy()
    noise = _noise(e)

    def named(*which: str) -> Array:
        return np.asarray(name.is_in(list(which)).to_numpy())

    in_cart = (c >= 0) & named(*CART_EVENTS)
    params = Params(n)
    everyone = np.ones(n, dtype=bool)
    params.integer("ga_session_id", everyone, session["start_us"].to_numpy() // SECOND)
    params.integer("ga_session_number", everyone, session["session_number"].to_numpy())
    pool, codes = _locations(sim, events, session)
    params.coded("page_location", everyone, pool, codes)
    landing = named("session_start", "page_view")
    params.coded(
        "page_referrer",
        landing & (session["medium"] == "organic").to_numpy(),
        ["https://www.google.com/"],
        np.zeros(n, dtype=int),
    )
    pages = ["home", "product", "collection", "search", "cart", "checkout", "help"]
    params.coded("page_type", named("page_view"), pages, np.zeros(n, dtype=int))
    active = ~named("session_start", "first_visit")
    params.integer("engagement_time_msec", active, 800 + (noise * 30_000).astype(np.int64))
    if len(cart):
        _cart_params(params, sim, events, session, cart, in_cart, noise)
    price = sim.world.products["price"].to_numpy()[np.maximum(sku, 0)] / 100
    factor = np.array([r.factor for r in REGIONS])[session["region_no"].to_numpy()]
    item = (sku >= 0) & named("view_item", "add_to_wishlist")
    currencies = [r.currency for r in REGIONS]
    params.coded("currency", item, currencies, session["region_no"].to_numpy())
    params.real("value", item, np.round(np.where(factor == 1, price, np.maximum(np.round(price * factor), 1) - 0.1), 2))
    searched = named("view_search_results")
    terms = [line.lower() for line in LINES] + ["gift", "blue velvet", "warranty", "assembly"]
    term = np.where(noise < 0.75, session["line_no"].to_numpy(), 6 + (noise * 1000).astype(int) % 4)
    params.coded("search_term", searched, terms, term)
    params.integer("results", searched, np.where(term >= 8, 0, 3 + (noise * 40).astype(np.int64)))
    params.integer(
        "load_time_ms",
        named("page_timing"),
        np.where(session["slow"].to_numpy(), 3_400 + noise * 4_000, 500 + noise * 2_000).astype(np.int64),
    )
    params.coded(
        "error_message", named("exception"), ["TypeError: undefined is not a function"], np.zeros(n, dtype=int)
    )
    return params.array()


def _cart_params(
    params: Params,
    sim: Simulation,
    events: pl.DataFrame,
    session: pl.DataFrame,
    cart: pl.DataFrame,
    in_cart: Array,
    noise: Array,
) -> None:
    name = events["name"]
    n = len(events)

    def named(*which: str) -> Array:
        return np.asarray(name.is_in(list(which)).to_numpy()) & in_cart

    def amount(column: str) -> Array:
        return np.asarray(cart[column].to_numpy() / 100)

    zero = np.zeros(n, dtype=int)
    params.coded("cart_token", in_cart, cart["cart_token"], np.arange(n))
    valued = named(*WHOLE_CART)
    params.coded("currency", valued, [r.currency for r in REGIONS], session["region_no"].to_numpy())
    params.real("value", valued, np.round(amount("subtotal") - amount("discount"), 2))
    shown = named("add_shipping_info")
    params.real("shipping", shown | named("purchase"), amount("fee"))
    params.coded("shipping_tier", shown, cart["tier"], np.arange(n))
    params.integer("delivery_days", shown, cart["delivery_days"].to_numpy())
    params.coded(
        "payment_type", named("add_payment_info", "payment_declined", "purchase"), cart["payment"], np.arange(n)
    )
    coupon = (cart["coupon"] != "").to_numpy()
    params.coded(
        "coupon", coupon & named("add_shipping_info", "add_payment_info", "purchase"), cart["coupon"], np.arange(n)
    )
    params.coded("coupon", named("coupon_error"), ["SUMMER5"], zero)
    messages = ["Please enter a valid postal code", "Code not valid", "Card declined by issuer", "No longer available"]
    for number, event in enumerate(("form_error", "coupon_error", "payment_declined", "out_of_stock")):
        params.coded("error_message", named(event), messages, zero + number)
    params.coded("field_name", named("form_error"), ["zip", "phone", "street"], (noise * 3).astype(int))
    for number, event in enumerate(("begin_checkout", "add_shipping_info", "add_payment_info")):
        params.integer("checkout_step", named(event), zero + number + 1)
    params.integer("login_required", named("begin_checkout"), cart["forced_account"].to_numpy().astype(np.int64))


def _noise(e: Array) -> Array:
    """A number in 0-1 that belongs to the event, so that its repetition is the same row."""
    return ((e.astype(np.uint64) * np.uint64(2_654_435_761)) % np.uint64(1_000_003)).astype(float) / 1_000_003


def _locations(sim: Simulation, events: pl.DataFrame, session: pl.DataFrame) -> tuple[list[str], Array]:
    """All addresses of the site that occur, and the number of each event's."""
    name, sku = events["name"], events["sku_no"].to_numpy()
    fixed = {
        "view_search_results": "/search", "view_cart": "/cart", "add_to_cart": "/cart", "remove_from_cart": "/cart", "out_of_stock": "/cart",
        "begin_checkout": "/checkout/contact", "form_error": "/checkout/contact", "add_shipping_info": "/checkout/shipping", "coupon_error": "/checkout/shipping",
        "add_payment_info": "/checkout/payment", "payment_declined": "/checkout/payment", "purchase": "/checkout/thank-you", "faq_view": "/pages/faq",
        "returns_policy_view": "/pages/returns", "login": "/account/login", "sign_up": "/account/register", "generate_lead": "/pages/business", "view_promotion": "/pages/sale",
    }  # fmt: skip
    addresses = ["/", *dict.fromkeys(fixed.values())]
    pool = [SITE + address for address in addresses]
    number = {event: addresses.index(address) for event, address in fixed.items()}
    codes = name.replace_strict(number, default=0, return_dtype=pl.Int64).to_numpy().copy()
    collections = len(pool)
    pool += [f"{SITE}/collections/{line.lower()}" for line in LINES]
    codes = np.where((name == "view_item_list").to_numpy(), collections + session["line_no"].to_numpy(), codes)
    products = len(pool)
    pool += [f"{SITE}/products/{handle}" for handle in sim.world.products["handle"]]
    seen = (sku >= 0) & name.is_in(["view_item", "add_to_wishlist"]).to_numpy()
    codes = np.where(seen, products + np.maximum(sku, 0), codes)
    campaigns = len(pool)
    world = sim.world.campaigns
    pool += [
        f"{SITE}/?utm_source=klaviyo&utm_medium={channel}&utm_campaign={campaign}"
        for campaign, channel in world.select("name", "channel").iter_rows()
    ]
    at = {campaign: campaigns + i for i, campaign in enumerate(world["name"])}
    first = (
        name.is_in(["session_start", "first_visit", "page_view"]).to_numpy()
        & session["campaign_name"].is_not_null().to_numpy()
    )
    utm = session["campaign_name"].replace_strict(at, default=0, return_dtype=pl.Int64).to_numpy()
    return pool, np.where(first, utm, codes)


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


def _items(sim: Simulation, tables: _Tables, events: pl.DataFrame, session: pl.DataFrame) -> pa.ListArray:
    """One item for item events, all of the cart's for cart and checkout events."""
    sku, c, k = events["sku_no"].to_numpy(), events["c"].to_numpy(), events["k"].to_numpy()
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
    factor = np.array([r.factor for r in REGIONS])[session["region_no"].to_numpy()[parent]]
    price = products["price"].to_numpy() / 100
    price = np.round(np.where(factor == 1, price, np.maximum(np.round(price * factor), 1) - 0.1), 2)
    added = single & (c >= 0) & (k >= 0)
    own = _own_quantity(tables, c, k, added)
    quantity = np.where(of_cart, tables.items["quantity"].to_numpy()[row] if has_items else 1, own[parent])
    struct = pa.StructArray.from_arrays(
        [
            _text(products["sku"]), _text(products["title"]), _text(products["brand"]), _text(products["colour"]), _text(products["line"]),
            _text(pl.Series([None] * len(item), dtype=pl.String)), pa.array(price), pa.array(quantity.astype(np.int64)), _text(pl.Series([None] * len(item), dtype=pl.String)),
        ],
        names=["item_id", "item_name", "item_brand", "item_variant", "item_category", "item_category2", "price", "quantity", "coupon"],
    )  # fmt: skip
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), struct)


def _own_quantity(tables: _Tables, c: Array, k: Array, added: Array) -> Array:
    """Units put into the cart by an add_to_cart event: those of its item; one otherwise."""
    out = np.ones(len(c), dtype=np.int64)
    if not len(tables.items) or not added.any():
        return out
    key = tables.items["c"].to_numpy().astype(np.int64) * 16 + tables.items["k"].to_numpy()
    wanted = c[added].astype(np.int64) * 16 + k[added]
    out[added] = tables.items["quantity"].to_numpy()[np.minimum(np.searchsorted(key, wanted), len(key) - 1)]
    return out
