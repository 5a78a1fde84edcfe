"""What becomes of each cart: top-ups, fees, obstacles met, abandoned where and why, or ordered.

Belongs here: the true model of abandonment (effects 1, 2, 9). Stays out: clock times of the steps (sessions.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.synth import effects
from pipelines.synth.base import LINES, NEEDS, REGION_NAMES, REGIONS, Array, Chunk, choose, hex_token, systematic
from pipelines.synth.catalogue import COUPONS, World
from pipelines.synth.trips import Trips, free_shipping_limit, local_price

LEAVE_BROWSING = 0.395
EXIT_AT_FORM = 0.115
EXIT_AFTER_SHIPPING = 0.325
RECOVERED = 0.09
STEPS = ("cart", "checkout", "shipping", "payment", "purchase")
"""The last step a cart reached; index 4 is an order in the same session."""
CAUSES = (
    "none",
    "browsing",
    "out_of_stock",
    "slow_page",
    "forced_account",
    "confusing_checkout",
    "shipping_cost",
    "delivery_time",
    "coupon",
    "payment",
    "returns_policy",
    "unknown",
)
EXPOSURES = {
    "out_of_stock": (0.04, 1.30),
    "slow_page": (0.12, 1.20),
    "forced_account": (0.35, 1.90),
    "form_error": (0.09, 1.80),
    "coupon_error": (0.06, 1.35),
    "late_delivery": (0.18, 1.10),
    "payment_declined": (0.05, 2.10),
    "returns_policy": (0.06, 1.15),
}
"""How often an obstacle is met by a cart that can meet it, and by how much it multiplies leaving at its step."""
LATE_DELIVERY_RR_CONVENIENCE = 1.35
PAYMENTS = ("credit_card", "paypal", "klarna", "bank_transfer")


@dataclass(frozen=True)
class Carts:
    carts: pl.DataFrame
    """One row per web or app cart, in the order of the trips; c is the row number."""
    items: pl.DataFrame
    """One row per item: c, k, sku_no, quantity, price, discount (cents, whole line)."""


def carts(chunk: Chunk, world: World, people: pl.DataFrame, trips: Trips) -> Carts:
    rng = chunk.rng("carts")
    frame = trips.trips.filter(pl.col("channel") < 2).with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("c"))
    items = trips.items.join(frame.select("t", "c"), on="t", maintain_order="left").drop("t")
    who = frame["p"].to_numpy()
    region, need = people["region_no"].to_numpy()[who], people["need_no"].to_numpy()[who]
    filled = _subtotal(items, len(frame))
    items, topped = _top_ups(rng, world, items, subtotal=filled, region=region, need=need)
    subtotal = _subtotal(items, len(frame))
    coupon = np.where(
        rng.random(len(who)) < np.array([0.38, 0.10, 0.08, 0.10, 0.12])[need],
        choose(rng, [0, 0.3, 0.5, 0.2], len(who)),
        0,
    )
    discount_rate = np.where((coupon == 1) | (coupon == 2), 0.10, 0.0)
    items = _discounted(items, discount_rate)
    discount = np.bincount(items["c"].to_numpy(), items["discount"].to_numpy(), len(who)).astype(np.int64)
    net = subtotal - discount
    tier, fee = _shipping(rng, items, world, region=region, need=need, net=net, free_code=coupon == 3)
    logged_in = people["has_account"].to_numpy()[who] & (rng.random(len(who)) < 0.72)
    mobile = (frame["channel"].to_numpy() == 1) | (rng.random(len(who)) < 0.55)
    exposed = fee >= effects.SHIPPING_FEE_SHARE * net
    met = _obstacles(rng, need, exposed, logged_in)
    outcome = _outcome(rng, met, region=region, need=need, mobile=mobile, fee_exposed=exposed)
    frame = frame.with_columns(
        pl.Series("region_no", region),
        pl.Series("need_no", need),
        pl.Series("filled", filled),
        pl.Series("subtotal", subtotal),
        pl.Series("discount", discount),
        pl.Series("coupon", list(COUPONS)).gather(coupon),
        pl.Series("tier", tier),
        pl.Series("fee", fee),
        pl.Series("topped_up", topped),
        pl.Series("logged_in", logged_in),
        pl.Series("mobile", mobile),
        pl.Series("fee_exposed", exposed),
        *[pl.Series(name, values) for name, values in met.items()],
        *[pl.Series(name, values) for name, values in outcome.items()],
        pl.Series("payment", list(PAYMENTS)).gather(choose(rng, [0.42, 0.30, 0.20, 0.08], len(who))),
        pl.Series(
            "delivery_days", np.where(met["late_delivery"], rng.integers(6, 12, len(who)), rng.integers(2, 6, len(who)))
        ),
        hex_token(rng, len(who)).alias("cart_token"),
        hex_token(rng, len(who)).alias("checkout_token"),
    )
    return Carts(carts=frame, items=items)


def _subtotal(items: pl.DataFrame, n: int) -> Array:
    amount = items["price"].to_numpy() * items["quantity"].to_numpy()
    return np.bincount(items["c"].to_numpy(), amount, n).astype(np.int64)


def _top_ups(
    rng: np.random.Generator, world: World, items: pl.DataFrame, *, subtotal: Array, region: Array, need: Array
) -> tuple[pl.DataFrame, Array]:
    """Effect 9: carts in the last quarter below the threshold get a small item that lifts them over it."""
    limit = free_shipping_limit(region)
    near = (subtotal < limit) & (subtotal >= 0.75 * limit)
    chance = np.array([effects.TOP_UP[name] for name in NEEDS])[need]
    rows = np.flatnonzero(near & (rng.random(len(need)) < chance))
    line = np.where(rng.random(len(rows)) < 0.5, LINES.index("Kitchen"), LINES.index("Textiles"))
    factor = np.array([r.factor for r in REGIONS])[region[rows]]
    gap = (limit[rows] - subtotal[rows]) / factor
    price = world.products["price"].to_numpy()
    sku = np.empty(len(rows), dtype=np.int64)
    for number in np.unique(line):
        low, high = world.line_start[number], world.line_start[number + 1]
        sku[line == number] = low + np.searchsorted(price[low:high], gap[line == number] + 110, side="left")
    extra = pl.DataFrame(
        {
            "k": np.full(len(rows), 9, dtype=np.int8),
            "sku_no": sku.astype(np.int32),
            "line_no": line.astype(np.int8),
            "quantity": np.ones(len(rows), dtype=np.int32),
            "price": local_price(price[sku], factor),
            "c": rows.astype(np.int32),
        }
    )
    topped = np.zeros(len(need), dtype=bool)
    topped[rows] = True
    return pl.concat([items, extra.select(items.columns)]).sort("c", "k", maintain_order=True), topped


def _discounted(items: pl.DataFrame, rate: Array) -> pl.DataFrame:
    share = rate[items["c"].to_numpy()]
    amount = items["price"].to_numpy() * items["quantity"].to_numpy()
    return items.with_columns(pl.Series("discount", np.round(amount * share).astype(np.int64)))


def _shipping(
    rng: np.random.Generator,
    items: pl.DataFrame,
    world: World,
    *,
    region: Array,
    need: Array,
    net: Array,
    free_code: Array,
) -> tuple[Array, Array]:
    """Delivery chosen (standard, express, pickup) and the fee shown for it, in cents of the region's currency."""
    n = len(region)
    bulky_items = world.products["bulky"].to_numpy()[items["sku_no"].to_numpy()]
    bulky = np.bincount(items["c"].to_numpy(), bulky_items, n) > 0
    u = rng.random(n)
    express = ~bulky & (u < np.array([0.03, 0.34, 0.08, 0.08, 0.08])[need])
    pickup = ~express & (u > 0.90)
    standard, fast, heavy = (
        np.array([getattr(r, f"{name}_fee") for r in REGIONS])[region] for name in ("standard", "express", "bulky")
    )
    fee = np.where(bulky, heavy, np.where(net >= free_shipping_limit(region), 0, standard))
    fee = np.where(free_code, 0, fee)
    fee = np.where(express, fast, np.where(pickup, 0, fee))
    return np.array(["standard", "express", "pickup"])[express * 1 + pickup * 2], fee.astype(np.int64)


def _obstacles(rng: np.random.Generator, need: Array, fee_exposed: Array, logged_in: Array) -> dict[str, Array]:
    """Which obstacles a cart meets, or would meet if it came that far; spread evenly over needs and fees."""
    shares = {name: np.full(len(need), share) for name, (share, _) in EXPOSURES.items()}
    shares["forced_account"] = np.where(logged_in, 0.0, shares["forced_account"])
    return {name: systematic(rng, share, need, fee_exposed) for name, share in shares.items()}


def _outcome(
    rng: np.random.Generator, met: dict[str, Array], *, region: Array, need: Array, mobile: Array, fee_exposed: Array
) -> dict[str, Array]:
    """The last step reached, the cause of leaving, and whether the cart is bought days later.

    Each step has a base probability of leaving and multiplies it by the obstacles met. The cause is drawn among the
    obstacles met at that step in proportion to what each adds; what the base explains is browsing or unknown.
    """
    n = len(need)
    rr = {name: np.where(met[name], factor, 1.0) for name, (_, factor) in EXPOSURES.items()}
    rr["late_delivery"] = np.where(
        met["late_delivery"] & (need == 1), LATE_DELIVERY_RR_CONVENIENCE, rr["late_delivery"]
    )
    shipping = np.where(fee_exposed, np.array([effects.SHIPPING_RR[name] for name in NEEDS])[need], 1.0)
    leave_cart = LEAVE_BROWSING * np.where(mobile, 1.06, 0.94) * rr["out_of_stock"] * rr["slow_page"]
    leave_form = EXIT_AT_FORM * rr["forced_account"] * rr["form_error"]
    leave_after = (
        EXIT_AFTER_SHIPPING
        * shipping
        * rr["late_delivery"]
        * rr["coupon_error"]
        * rr["payment_declined"]
        * rr["returns_policy"]
    )
    leave_cart, leave_form, leave_after = (np.minimum(x, 0.96) for x in (leave_cart, leave_form, leave_after))
    north = region == REGION_NAMES.index("North")
    confusing = np.where(north, effects.NORTH_CHECKOUT_DROP / ((1 - leave_form) * (1 - leave_after)), 0.0)
    confusing = np.minimum(confusing, 0.96)
    at_cart = systematic(rng, leave_cart, region)
    confused = systematic(rng, np.where(at_cart, 0.0, confusing), region)
    at_form = confused | systematic(rng, np.where(at_cart | confused, 0.0, leave_form), region)
    after = systematic(rng, np.where(at_cart | at_form, 0.0, leave_after), need, fee_exposed, region)
    declined = after & met["payment_declined"]
    reached = np.where(
        at_cart, 0, np.where(at_form, 1, np.where(after, np.where(declined | (rng.random(n) < 0.3), 3, 2), 4))
    )
    cause = np.zeros(n, dtype=np.int64)
    cause = np.where(
        at_cart, _cause(rng, {"out_of_stock": rr["out_of_stock"], "slow_page": rr["slow_page"]}, "browsing"), cause
    )
    form = {"forced_account": rr["forced_account"], "confusing_checkout": rr["form_error"]}
    cause = np.where(at_form, _cause(rng, form, "unknown"), cause)
    cause = np.where(confused, CAUSES.index("confusing_checkout"), cause)
    late = {
        "shipping_cost": shipping,
        "delivery_time": rr["late_delivery"],
        "coupon": rr["coupon_error"],
        "payment": rr["payment_declined"],
        "returns_policy": rr["returns_policy"],
    }
    cause = np.where(after, _cause(rng, late, "unknown"), cause)
    recovered = after & (rng.random(n) < RECOVERED)
    return {
        "reached": reached.astype(np.int8),
        "cause_no": cause.astype(np.int8),
        "recovered": recovered,
        "p_leave_cart": leave_cart,
        "p_leave_after_shipping": leave_after,
        "p_leave_form": 1 - (1 - leave_form) * (1 - confusing),
    }


def _cause(rng: np.random.Generator, factors: dict[str, Array], base: str) -> Array:
    """A cause per row: each factor's part is (rr - 1), the base's part is 1, of their sum."""
    parts = np.column_stack([np.ones(len(next(iter(factors.values()))))] + [rr - 1 for rr in factors.values()])
    codes = np.array([CAUSES.index(name) for name in (base, *factors)])
    edges = np.cumsum(parts, axis=1)
    pick = (rng.random(len(parts))[:, None] * edges[:, -1:] >= edges).sum(axis=1)
    return np.asarray(codes[np.minimum(pick, len(codes) - 1)])
