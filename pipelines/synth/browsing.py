"""What people look at in a session before any cart step: pages, lists, items, help, in loose order, with times."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth.base import Array, look_up
from pipelines.synth.carts import Carts
from pipelines.synth.catalogue import World

KINDS = ("background", "research", "cart", "recovery", "campaign", "kiosk", "visitor", "bot", "webroom")
"""Kinds of sessions: what they are for."""
BROWSE = (
    "session_start",
    "first_visit",
    "page_view",
    "login",
    "view_item_list",
    "view_search_results",
    "view_item",
    "page_timing",
    "faq_view",
    "returns_policy_view",
    "add_to_wishlist",
    "generate_lead",
    "view_promotion",
    "sign_up",
    "exception",
)


def browse(
    rng: np.random.Generator, world: World, people: pl.DataFrame, frame: pl.DataFrame, carts: Carts
) -> tuple[pl.DataFrame, Array]:
    """Count the events of each kind per session, lay them out in order, put clock times on them, choose the items."""
    counts = _counts(rng, people, frame, carts.carts)
    n, width = counts.shape
    cell = np.repeat(np.arange(n * width), counts.ravel())
    s, code = cell // width, cell % width
    key = np.where(code < 4, code, 10 + rng.random(len(cell)))
    key = np.where(code == BROWSE.index("sign_up"), 3.5, key)
    order = np.lexsort((key, s))
    s, code = s[order], code[order]
    gap = (rng.exponential(30, len(s)) + 3).clip(max=480)
    gap = np.where(code <= BROWSE.index("first_visit"), 0, np.where(code == BROWSE.index("page_view"), 1, gap))
    total = np.cumsum(gap)
    first = np.searchsorted(s, np.arange(n))
    within = total - (total[first] - gap[first])[s]
    start = frame["start_us"].to_numpy()
    at = start[s] + (within * 1000).astype(np.int64) * 1000
    sku = _looked_at(rng, world, frame, carts, s=s, code=code)
    end = at[np.searchsorted(s, np.arange(n), side="right") - 1]
    events = pl.DataFrame(
        {"s": s.astype(np.int32), "at_us": at, "name": look_up(BROWSE, code), "sku_no": sku.astype(np.int32)}
    )
    return events, end


def _counts(rng: np.random.Generator, people: pl.DataFrame, frame: pl.DataFrame, carts: pl.DataFrame) -> Array:
    n = len(frame)
    kind, c = frame["kind"].to_numpy(), frame["c"].to_numpy()
    person = np.maximum(frame["p"].to_numpy(), 0)
    known = frame["p"].to_numpy() >= 0
    need = np.where(known, people["need_no"].to_numpy()[person], -1)
    corporate = known & (people["kind"] == "corporate").to_numpy()[person]
    rich = np.isin(kind, [1, 8])
    cart, back = kind == 2, kind == 3
    quiet = np.isin(kind, [3, 6])
    out = np.zeros((n, len(BROWSE)), dtype=np.int64)

    def put(name: str, values: Array) -> None:
        out[:, BROWSE.index(name)] = values

    def coin(share: Array | float) -> Array:
        return rng.random(n) < share

    views = np.where(
        rich,
        1 + rng.poisson(1.0, n),
        np.where(cart, 1 + rng.poisson(0.4, n), rng.poisson(np.where(kind == 6, 0.3, 0.35))),
    )
    views = np.where((need == 3) & ~quiet & (views > 0), views + coin(0.5), views)
    put("session_start", np.ones(n, dtype=int))
    put("first_visit", frame["session_number"].to_numpy() == 1)
    put("page_view", np.ones(n, dtype=int))
    put("login", frame["logged_in"].to_numpy() & coin(0.5))
    put("view_item_list", np.where(back, 0, rng.poisson(np.where(rich, 0.45, 0.1))))
    put("view_search_results", np.where(back, 0, rng.poisson(np.where(rich, 0.3, 0.08))))
    put("view_item", np.where(back, 0, np.where(kind == 7, 6, views)))
    slow = carts["slow_page"].to_numpy()[c] if len(carts) else False
    put("page_timing", np.where(cart, slow | coin(0.12), coin(0.05)))
    put("faq_view", coin(np.where(need == 4, 0.20, 0.03)) & ~back & ~cart)
    put("returns_policy_view", coin(0.012) & ~back & ~cart)
    put("add_to_wishlist", coin(np.where(need == 3, 0.10, 0.02)) & (views > 0) & ~back)
    put("generate_lead", coin(0.12) & corporate & (rich | (kind == 0)))
    put("view_promotion", coin(0.05) & ~back)
    put("sign_up", frame["logged_in"].to_numpy() & (frame["session_number"].to_numpy() == 1) & coin(0.15))
    put("exception", coin(0.008))
    return out


def _looked_at(
    rng: np.random.Generator, world: World, frame: pl.DataFrame, carts: Carts, *, s: Array, code: Array
) -> Array:
    """The item of each item event: of the session's line; a cart session views what goes into the cart."""
    line = frame["line_no"].to_numpy()[s]
    low, high = world.line_start[line], world.line_start[line + 1]
    sku = low + (rng.random(len(s)) * (high - low)).astype(np.int64)
    kind, c = frame["kind"].to_numpy()[s], frame["c"].to_numpy()[s]
    first_item = np.zeros(max(len(carts.carts), 1), dtype=np.int64)
    main = carts.items.filter(pl.col("k") == 0)
    first_item[main["c"].to_numpy()] = main["sku_no"].to_numpy()
    sku = np.where((kind == 2) & (rng.random(len(s)) < 0.7), first_item[c], sku)
    item_event = np.isin(code, [BROWSE.index("view_item"), BROWSE.index("add_to_wishlist")])
    return np.where(item_event, sku, -1)
