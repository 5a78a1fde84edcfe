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

LEAVE_BROWSING = 0.29
EXIT_AT_FORM = 0.06
EXIT_AFTER_SHIPPING = 0.40
AT_PAYMENT = 0.3
"""Part of those who leave after shipping that leave at the payment."""
RECOVERED = 0.09
MOST = 0.97
"""Nothing makes an exit surer than this."""
STEPS = ("cart", "checkout", "shipping", "payment", "purchase")
"""The last step a cart reached; index 4 is an order in the same session."""
CAUSE_OF = {
    "out_of_stock": "out_of_stock",
    "slow_page": "slow_page",
    "information_gap": "information_gap",
    "forced_account": "forced_account",
    "form_error": "confusing_checkout",
    "coupon_error": "coupon",
    "late_delivery": "delivery_time",
    "returns_policy": "returns_policy",
    "payment_declined": "payment",
    "shipping_fee": "shipping_cost",
}
"""Name in the truth of the cause each obstacle may become."""
CAUSES = ("none", "browsing", "unknown", *CAUSE_OF.values())
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
    factor = fee_factor(need, fee=fee, net=net, unexposed=unexposed_factor(need, fee, exposed))
    met, outcome = _fate(
        rng, region=region, need=need, mobile=mobile, logged_in=logged_in, fee_exposed=exposed, fee_factor=factor
    )
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
        pl.Series("fee_factor", factor),
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


def unexposed_factor(need: Array, fee: Array, exposed: Array) -> Array:
    """Mean factor, by need, of the carts that meet no fee of 8 %: some of them meet a smaller one."""
    small = np.where(fee > 0, np.array([effects.SMALL_FEE_RR[name] for name in NEEDS])[need], 1.0)
    count = np.maximum(np.bincount(need[~exposed], minlength=len(NEEDS)), 1)
    return np.maximum(np.bincount(need[~exposed], small[~exposed], len(NEEDS)) / count, 1.0)


def fee_factor(need: Array, *, fee: Array, net: Array, unexposed: Array) -> Array:
    """By how much the fee multiplies leaving after shipping (effect 1).

    A fee of 8 % counts against the other carts of the need, some of which meet a smaller fee: so its own factor is its
    risk ratio times the mean factor of those.
    """
    large = np.array([effects.SHIPPING_RR[name] for name in NEEDS])[need] * unexposed[need]
    small = np.array([effects.SMALL_FEE_RR[name] for name in NEEDS])[need]
    return np.where(fee <= 0, 1.0, np.where(fee >= effects.SHIPPING_FEE_SHARE * net, large, small))


def _fate(
    rng: np.random.Generator,
    *,
    region: Array,
    need: Array,
    mobile: Array,
    logged_in: Array,
    fee_exposed: Array,
    fee_factor: Array,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Obstacles each cart meets (or would meet if it came that far), the last step it reached, and why it was left.

    Obstacles are spread evenly over needs and fees; whether a cart is left is drawn for each cart by itself. The risk
    ratio of an obstacle is that of bringing no order, among the carts that reached its step: so the chances are set up
    from the last step backwards, and a step's chance of leaving depends on nothing that comes after it.
    """
    met: dict[str, Array] = {}

    def ratio(*names: str) -> Array:
        factors = [np.where(met[name], effects.OBSTACLES[name][1], 1.0) for name in names]
        return np.asarray(np.prod(factors, axis=0))

    def meet(name: str, share: Array | float | None = None) -> None:
        wanted = np.broadcast_to(effects.OBSTACLES[name][0] if share is None else share, len(need))
        met[name] = systematic(rng, wanted, need, fee_exposed)

    for name in ("late_delivery", "returns_policy", "payment_declined"):
        meet(name)
    late_rr = np.where(met["late_delivery"] & (need == NEEDS.index("convenience")), effects.LATE_RR_CONVENIENCE, 1.0)
    late_rr = np.maximum(late_rr, ratio("late_delivery"))
    leave = np.minimum(EXIT_AFTER_SHIPPING * fee_factor * late_rr * ratio("returns_policy"), MOST)
    at_options = (1 - AT_PAYMENT) * leave
    at_payment = np.minimum(AT_PAYMENT * leave / (1 - at_options) * ratio("payment_declined"), MOST)
    after_shipping = 1 - (1 - at_options) * (1 - at_payment)
    stays = 1 - float(after_shipping.mean()) if len(need) else 1.0

    base = 1 - (1 - EXIT_AT_FORM) * stays
    meet("forced_account", np.where(logged_in, 0.0, effects.OBSTACLES["forced_account"][0]))
    meet("coupon_error")
    beside = ratio("forced_account", "coupon_error")
    share, rr = effects.OBSTACLES["form_error"]
    north = share + effects.NORTH_CHECKOUT_DROP / (base * float(beside.mean()) * (rr - 1)) if len(need) else share
    meet("form_error", np.where(region == REGION_NAMES.index("North"), north, share))
    at_form = 1 - (1 - np.minimum(base * beside * ratio("form_error"), MOST)) / stays
    stays *= 1 - float(at_form.mean()) if len(need) else 1.0

    for name in ("out_of_stock", "slow_page", "information_gap"):
        meet(name)
    base_cart = 1 - (1 - LEAVE_BROWSING * np.where(mobile, 1.06, 0.94)) * stays
    lost = np.minimum(base_cart * ratio("out_of_stock", "slow_page", "information_gap"), 1 - (1 - MOST) * stays)
    at_cart = 1 - (1 - lost) / stays
    return met, _exits(
        rng,
        chances=(at_cart, at_form, at_options, at_payment),
        factors=(
            {name: ratio(name) for name in ("out_of_stock", "slow_page", "information_gap")},
            {name: ratio(name) for name in ("forced_account", "form_error", "coupon_error")},
            {"shipping_fee": fee_factor, "late_delivery": late_rr, "returns_policy": ratio("returns_policy")},
            {"payment_declined": ratio("payment_declined")},
        ),
    ) | {"p_leave_cart": at_cart, "p_leave_form": at_form, "p_leave_after_shipping": after_shipping}


def _exits(
    rng: np.random.Generator, *, chances: tuple[Array, ...], factors: tuple[dict[str, Array], ...]
) -> dict[str, Array]:
    """Where each cart ends, one independent draw a step; its cause; and whether it is bought days later."""
    n = len(chances[0])
    reached, cause = np.full(n, len(chances)), np.zeros(n, dtype=np.int64)
    for step, chance in enumerate(chances):
        exits = (reached == len(chances)) & (rng.random(n) < chance)
        met = factors[step] if step < len(chances) - 1 else factors[step] | factors[step - 1]
        cause = np.where(exits, _cause(rng, met, "browsing" if step == 0 else "unknown"), cause)
        reached = np.where(exits, step, reached)
    recovered = np.isin(reached, [2, 3]) & (rng.random(n) < RECOVERED)
    return {"reached": reached.astype(np.int8), "cause_no": cause.astype(np.int8), "recovered": recovered}


def _cause(rng: np.random.Generator, factors: dict[str, Array], base: str) -> Array:
    """A cause per row: each obstacle's part is (rr - 1), the base's part is 1, of their sum."""
    parts = np.column_stack([np.ones(len(next(iter(factors.values()))))] + [rr - 1 for rr in factors.values()])
    codes = np.array([CAUSES.index(name) for name in (base, *(CAUSE_OF[name] for name in factors))])
    edges = np.cumsum(parts, axis=1)
    pick = (rng.random(len(parts))[:, None] * edges[:, -1:] >= edges).sum(axis=1)
    return np.asarray(codes[np.minimum(pick, len(codes) - 1)])
