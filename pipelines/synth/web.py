"""The steps of each cart with their clock times, and all web events of the chunk in one plain table.

Belongs here: which event happens when in a cart session, and the order of events. Stays out: parameters as an export
nests them (vendors/ga4.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.synth.base import SECOND, Array, Chunk
from pipelines.synth.browsing import KINDS
from pipelines.synth.carts import CAUSES, Carts
from pipelines.synth.sessions import Sessions


@dataclass(frozen=True)
class Web:
    carts: pl.DataFrame
    """The carts with s, recovery_s (-1: none) and the times of their steps, add_us to order_us (0: not reached)."""
    events: pl.DataFrame
    """One row per event sorted by time: e, s, at_us, name, sku_no (-1), c (-1), k (-1: no single item)."""


def web(chunk: Chunk, carts: Carts, found: Sessions) -> Web:
    rng = chunk.rng("web")
    timeline = _timeline(rng, carts.carts, found)
    events = pl.concat([_plain(found.browse), _cart_events(rng, carts, timeline), _recovery_events(timeline)])
    events = events.sort("at_us", "s", "rank", "k", maintain_order=True).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("e")
    )
    return Web(timeline, events.drop("rank"))


def _timeline(rng: np.random.Generator, carts: pl.DataFrame, found: Sessions) -> pl.DataFrame:
    n = len(carts)
    of_cart = found.sessions.filter(pl.col("kind") == KINDS.index("cart"))
    of_return = found.sessions.filter(pl.col("kind") == KINDS.index("recovery"))
    s, back = np.full(n, -1), np.full(n, -1)
    s[of_cart["c"].to_numpy()] = of_cart["s"].to_numpy()
    back[of_return["c"].to_numpy()] = of_return["s"].to_numpy()
    reached = carts["reached"].to_numpy()
    recovered = carts["recovered"].to_numpy() & (back >= 0)

    def wait(low: float, mean: float, high: float) -> Array:
        return ((low + rng.exponential(mean, n)).clip(max=high) * 1000).astype(np.int64) * 1000

    add = found.end_us[s] + wait(5, 25, 240)
    view = add + wait(130, 40, 400)
    begin = view + wait(10, 40, 600)
    form = begin + wait(15, 40, 300)
    shipping = form + wait(20, 45, 500)
    payment = shipping + wait(20, 60, 700)
    order = payment + wait(15, 50, 600)
    again = found.end_us[np.maximum(back, 0)] + wait(30, 60, 600)
    last = np.select(
        [reached == 0, reached == 1, reached == 2, reached == 3],
        [add + 130 * SECOND, form, shipping + 20 * SECOND, payment],
        order,
    )
    return carts.with_columns(
        pl.Series("s", s),
        pl.Series("recovery_s", np.where(recovered, back, -1)),
        pl.Series("recovered", recovered),
        pl.Series("add_us", add),
        pl.Series("view_us", np.where(reached >= 1, view, np.where(rng.random(n) < 0.6, view, 0))),
        pl.Series("begin_us", np.where(reached >= 1, begin, 0)),
        pl.Series("form_us", np.where(reached >= 1, form, 0)),
        pl.Series("shipping_us", np.where(reached >= 2, shipping, 0)),
        pl.Series("payment_us", np.where(reached >= 3, payment, 0)),
        pl.Series("order_us", np.where(reached == 4, order, np.where(recovered, again, 0))),
        pl.Series("last_us", last),
    )


_COLUMNS = ("s", "at_us", "name", "sku_no", "c", "k", "rank")


def _table(
    s: Array, at: Array, name: str, c: Array, *, rank: int, sku: Array | int = -1, k: Array | int = -1
) -> pl.DataFrame:
    n = len(s)
    return pl.DataFrame(
        {
            "s": s.astype(np.int32),
            "at_us": at.astype(np.int64),
            "name": pl.repeat(name, n, eager=True),
            "sku_no": np.broadcast_to(sku, n).astype(np.int32),
            "c": c.astype(np.int32),
            "k": np.broadcast_to(k, n).astype(np.int8),
            "rank": np.full(n, rank, dtype=np.int8),
        }
    )


def _plain(browse: pl.DataFrame) -> pl.DataFrame:
    first = (
        pl.when(pl.col("name") == "session_start").then(0).when(pl.col("name") == "first_visit").then(1).otherwise(2)
    )
    return browse.with_columns(
        pl.lit(-1, dtype=pl.Int32).alias("c"), pl.lit(-1, dtype=pl.Int8).alias("k"), first.cast(pl.Int8).alias("rank")
    ).select(_COLUMNS)


def _cart_events(rng: np.random.Generator, carts: Carts, frame: pl.DataFrame) -> pl.DataFrame:
    c, s = frame["c"].to_numpy(), frame["s"].to_numpy()
    reached = frame["reached"].to_numpy()
    time = {
        name: frame[f"{name}_us"].to_numpy()
        for name in ("add", "view", "begin", "form", "shipping", "payment", "order")
    }
    met = {
        name: frame[name].to_numpy()
        for name in (
            "out_of_stock",
            "information_gap",
            "form_error",
            "coupon_error",
            "payment_declined",
            "returns_policy",
        )
    }
    item_c, k = carts.items["c"].to_numpy(), carts.items["k"].to_numpy()
    place = np.minimum(k, 4).astype(np.int64)
    parts = [
        _table(
            s[item_c],
            time["add"][item_c] + place * 25 * SECOND,
            "add_to_cart",
            item_c,
            rank=10,
            sku=carts.items["sku_no"].to_numpy(),
            k=k,
        )
    ]

    def step(name: str, rows: Array, at: Array, rank: int) -> None:
        parts.append(_table(s[rows], at[rows], name, c[rows], rank=rank))

    # some carts lose an item again, one that was never ordered
    lost = np.flatnonzero(rng.random(len(c)) < 0.05)
    sku = carts.items["sku_no"].to_numpy()[rng.integers(0, max(len(carts.items), 1), len(lost))]
    for name, seconds, rank in (("add_to_cart", 110, 10), ("remove_from_cart", 120, 11)):
        parts.append(_table(s[lost], time["add"][lost] + seconds * SECOND, name, c[lost], rank=rank, sku=sku, k=-2))
    step("out_of_stock", met["out_of_stock"], time["add"] + 105 * SECOND, 11)
    # what the shop does not say is looked for in its help or its search, which finds nothing
    in_help = rng.random(len(c)) < 0.5
    for seconds in (112, 124):
        step("faq_view", met["information_gap"] & in_help, time["add"] + seconds * SECOND, 11)
    step("view_search_results", met["information_gap"] & ~in_help, time["add"] + 115 * SECOND, 11)
    step("view_cart", time["view"] > 0, time["view"], 12)
    begun, form = reached >= 1, time["form"] - time["begin"]
    step("begin_checkout", begun, time["begin"], 13)
    step("coupon_error", met["coupon_error"] & begun, time["begin"] + 6 * SECOND, 13)
    # three errors or more are the obstacle, whatever becomes of the cart; one or two are slips and change nothing
    slips = rng.random(len(c))
    for number, slip in enumerate((0.08, 0.015, 0.0)):
        step("form_error", begun & (met["form_error"] | (slips < slip)), time["begin"] + form * (3 + number) // 6, 14)
    stuck = frame["cause_no"].to_numpy() == CAUSES.index("confusing_checkout")
    step("view_cart", stuck & (rng.random(len(c)) < 0.5), time["form"] + 40 * SECOND, 15)
    step("add_shipping_info", reached >= 2, time["shipping"], 16)
    step("returns_policy_view", met["returns_policy"] & (reached >= 2), time["shipping"] + 12 * SECOND, 17)
    step("add_payment_info", reached >= 3, time["payment"], 18)
    step("payment_declined", met["payment_declined"] & (reached >= 3), time["payment"] + 8 * SECOND, 19)
    step("purchase", reached == 4, time["order"], 20)
    return pl.concat(parts)


def _recovery_events(frame: pl.DataFrame) -> pl.DataFrame:
    """A cart bought days later from the saved link: cart, payment, purchase."""
    back = frame.filter(pl.col("recovery_s") >= 0)
    s, c, at = back["recovery_s"].to_numpy(), back["c"].to_numpy(), back["order_us"].to_numpy()
    return pl.concat(
        [
            _table(s, at - 25 * SECOND, "view_cart", c, rank=12),
            _table(s, at - 15 * SECOND, "add_payment_info", c, rank=18),
            _table(s, at, "purchase", c, rank=20),
        ]
    )
