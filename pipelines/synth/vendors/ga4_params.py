"""Event parameters of the GA4 export: which event carries which, laid out as repeated key-value pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from pipelines.synth.base import LINES, REGIONS, SECOND, Array
from pipelines.synth.vendors.pages import PAGE_TYPES, Pages

CURRENCY_OF_REGION = tuple(r.currency for r in REGIONS)
CART_EVENTS = (
    "add_to_cart",
    "remove_from_cart",
    "out_of_stock",
    "view_cart",
    "begin_checkout",
    "form_error",
    "coupon_error",
    "add_shipping_info",
    "add_payment_info",
    "payment_declined",
    "purchase",
    "returns_policy_view",
)
WHOLE_CART = ("view_cart", "begin_checkout", "add_shipping_info", "add_payment_info", "purchase")


class Params:
    """Collects (key, rows, values) and lays them out as list<struct<key, value>> in the order of collection."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._keys: list[str] = []
        self._rows: list[Array] = []
        self._texts: list[tuple[pa.Array, Array] | None] = []
        self._integers: list[Array | None] = []
        self._reals: list[Array | None] = []

    def integer(self, key: str, where: Array, values: Array) -> None:
        self._add(key, where, integers=values)

    def real(self, key: str, where: Array, values: Array) -> None:
        self._add(key, where, reals=values)

    def coded(self, key: str, where: Array, pool: Sequence[str] | pl.Series, codes: Array) -> None:
        """Texts given as a pool and a number into it per event."""
        rows = np.flatnonzero(where)
        if len(rows):
            values = (
                pa.array(pool.to_list() if isinstance(pool, pl.Series) else list(pool), pa.string())
                if len(pool) < 5_000
                else pl.Series(pool).to_arrow().cast(pa.string())
            )
            self._add(key, where, texts=(values, codes))

    def _add(
        self,
        key: str,
        where: Array,
        *,
        texts: tuple[pa.Array, Array] | None = None,
        integers: Array | None = None,
        reals: Array | None = None,
    ) -> None:
        rows = np.flatnonzero(where)
        if not len(rows):
            return
        self._keys.append(key)
        self._rows.append(rows)
        self._texts.append(None if texts is None else (texts[0], texts[1][rows].astype(np.int64)))
        self._integers.append(None if integers is None else integers[rows])
        self._reals.append(None if reals is None else reals[rows])

    def array(self) -> pa.ListArray:
        counts = np.zeros(self._n, dtype=np.int64)
        for rows in self._rows:
            counts[rows] += 1
        offsets = np.concatenate([[0], np.cumsum(counts)])
        total = int(offsets[-1])
        filled = offsets[:-1].copy()
        key = np.zeros(total, dtype=np.int32)
        integer, has_integer = np.zeros(total, dtype=np.int64), np.zeros(total, dtype=bool)
        real, has_real = np.zeros(total), np.zeros(total, dtype=bool)
        text = np.zeros(total, dtype=np.int64)
        pools: list[pa.Array] = [pa.nulls(1, pa.string())]
        base = 1
        for number, rows in enumerate(self._rows):
            at = filled[rows]
            filled[rows] += 1
            key[at] = number
            texts, integers, reals = self._texts[number], self._integers[number], self._reals[number]
            if texts is not None:
                pools.append(texts[0])
                text[at] = base + texts[1]
                base += len(texts[0])
            if integers is not None:
                integer[at], has_integer[at] = integers, True
            if reals is not None:
                real[at], has_real[at] = reals, True
        strings = pa.concat_arrays(pools).take(pa.array(text))
        value = pa.StructArray.from_arrays(
            [
                strings,
                pa.array(integer, mask=~has_integer),
                pa.nulls(total, pa.float64()),
                pa.array(real, mask=~has_real),
            ],
            names=["string_value", "int_value", "float_value", "double_value"],
        )
        keys = pa.array(self._keys, pa.string()).take(pa.array(key))
        return pa.ListArray.from_arrays(
            pa.array(offsets.astype(np.int32)), pa.StructArray.from_arrays([keys, value], names=["key", "value"])
        )


def parameters(
    pages: Pages, events: pl.DataFrame, session: pl.DataFrame, cart: pl.DataFrame, item_value: Array
) -> pa.ListArray:
    """Parameters by event name; the numbers are random only where nothing in the world fixes them.

    ``item_value`` is price times quantity of the single item of an event, in the currency of the region.
    """
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
    page = pages.of_events(events, session)
    params.coded("page_location", everyone, pages.pool, page)
    landing = named("session_start", "page_view")
    params.coded(
        "page_referrer",
        landing & (session["medium"] == "organic").to_numpy(),
        ["https://www.google.com/"],
        np.zeros(n, dtype=int),
    )
    params.coded("page_type", named("page_view"), PAGE_TYPES, pages.type_no[page])
    active = ~named("session_start", "first_visit")
    params.integer("engagement_time_msec", active, 800 + (noise * 30_000).astype(np.int64))
    if len(cart):
        _cart_params(params, events, session, cart, in_cart=in_cart, noise=noise)
    item = (sku >= 0) & named("view_item", "add_to_wishlist", "add_to_cart", "remove_from_cart")
    params.coded("currency", item, CURRENCY_OF_REGION, session["region_no"].to_numpy())
    params.real("value", item, item_value)
    searched = named("view_search_results")
    terms = [line.lower() for line in LINES] + ["gift", "blue velvet", "warranty", "assembly"]
    term = np.where(noise < 0.75, session["line_no"].to_numpy(), 6 + (noise * 1000).astype(int) % 4)
    # with a cart in hand people search for what the shop does not say
    term = np.where(c >= 0, 8 + (noise * 1000).astype(int) % 2, term)
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
    events: pl.DataFrame,
    session: pl.DataFrame,
    cart: pl.DataFrame,
    *,
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
    params.coded("currency", valued, CURRENCY_OF_REGION, session["region_no"].to_numpy())
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
