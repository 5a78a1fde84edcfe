"""Orders of the shop, the app and the agents; their deliveries, returns, cancellations; business deals.

Belongs here: what happened to an order in the world. Stays out: the Shopify and HubSpot shapes (vendors/).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.synth.base import DAY, END_US, FIRST_LOCAL, HOUR, SECOND, Chunk, expand, pick_days, time_of_day, to_utc
from pipelines.synth.catalogue import World
from pipelines.synth.records import CHUNK_STRIDE, SHOPIFY_ORDER
from pipelines.synth.trips import baskets

DEALS_PER_QUARTER = 0.16
DEAL_STAGES = (
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "contractsent",
    "closedwon",
    "closedlost",
)
RETURN_SHARE = 0.07
CANCEL_SHARE = 0.012
LATE_SHARE = 0.14


@dataclass(frozen=True)
class Orders:
    orders: pl.DataFrame
    """One row per order by time: o, order_id, order_name, p, c (-1: agent), q, line_no, at_us, source, amounts …"""
    items: pl.DataFrame
    """One row per line: o, k, sku_no, line_no, quantity, price, discount, returned (units), refund_us."""
    deals: pl.DataFrame
    """One row per deal of a corporate buyer: deal_no, p, created_us, closed_us (0: open), stage_no, amount, o (-1)."""


def orders(
    chunk: Chunk,
    world: World,
    people: pl.DataFrame,
    quarters: pl.DataFrame,
    *,
    carts: pl.DataFrame,
    cart_items: pl.DataFrame,
) -> Orders:
    rng = chunk.rng("orders")
    bought = carts.filter((pl.col("order_us") > 0) & (pl.col("order_us") < END_US - HOUR))
    web = bought.select(
        "p",
        "c",
        "q",
        "line_no",
        pl.col("order_us").alias("at_us"),
        "subtotal",
        "discount",
        "fee",
        "tier",
        "payment",
        "coupon",
        "delivery_days",
        "logged_in",
        pl.when(pl.col("channel") == 1).then(pl.lit("mobile_app")).otherwise(pl.lit("web")).alias("source"),
        pl.lit(-1, dtype=pl.Int32).alias("deal_no"),
    )
    deals, drafts, draft_items = _deals(rng, world, people, quarters)
    frame = pl.concat([web, drafts.select(web.columns).cast(web.schema)]).sort(
        "at_us", "c", "deal_no", maintain_order=True
    )
    n = len(frame)
    base = chunk.index * CHUNK_STRIDE
    frame = frame.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int32).alias("o"),
        (pl.int_range(pl.len(), dtype=pl.Int64) * 7 + base * 7 + SHOPIFY_ORDER).alias("order_id"),
        pl.format("#{}", pl.int_range(pl.len(), dtype=pl.Int64) + base + 10_001).alias("order_name"),
        people["region_no"].gather(frame["p"]).alias("region_no"),
        pl.Series("cancelled", rng.random(n) < CANCEL_SHARE),
    )
    frame = _delivered(rng, frame)
    items = pl.concat(
        [
            cart_items.join(frame.filter(pl.col("c") >= 0).select("c", "o"), on="c", maintain_order="left").select(
                "o", "k", "sku_no", "line_no", "quantity", "price", "discount"
            ),
            draft_items.join(
                frame.filter(pl.col("c") < 0).select("deal_no", "o"), on="deal_no", maintain_order="left"
            ).select("o", "k", "sku_no", "line_no", "quantity", "price", "discount"),
        ]
    ).sort("o", "k", maintain_order=True)
    items = _returns(rng, frame, items)
    deals = deals.join(
        frame.filter(pl.col("deal_no") >= 0).select("deal_no", "o"), on="deal_no", how="left", maintain_order="left"
    ).with_columns(pl.col("o").fill_null(-1))
    return Orders(frame, items, deals)


def _delivered(rng: np.random.Generator, frame: pl.DataFrame) -> pl.DataFrame:
    n = len(frame)
    at = frame["at_us"].to_numpy()
    promised = at + frame["delivery_days"].to_numpy().astype(np.int64) * DAY
    late = rng.random(n) < LATE_SHARE
    arrived = (
        promised
        + np.where(late, rng.integers(24, 9 * 24, n), -rng.integers(0, 24, n)) * HOUR
        + rng.integers(0, 3600, n) * SECOND
    )
    shipped = at + rng.integers(5, 40, n) * HOUR
    arrived = np.maximum(arrived, shipped + 4 * HOUR)
    gone = frame["cancelled"].to_numpy()
    return frame.with_columns(
        pl.Series("promised_us", promised),
        pl.Series("shipped_us", np.where(~gone & (shipped < END_US), shipped, 0)),
        pl.Series("delivered_us", np.where(~gone & (arrived < END_US), arrived, 0)),
        pl.Series("is_late", late & ~gone),
        pl.Series("cancelled_us", np.where(gone, np.minimum(at + rng.integers(1, 20, n) * HOUR, END_US - SECOND), 0)),
    )


def _returns(rng: np.random.Generator, frame: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Some lines come back whole, 4-24 days after delivery."""
    o = items["o"].to_numpy()
    delivered = frame["delivered_us"].to_numpy()[o]
    when = delivered + rng.integers(4 * 24, 24 * 24, len(o)) * HOUR
    back = (rng.random(len(o)) < RETURN_SHARE) & (delivered > 0) & (when < END_US - HOUR)
    return items.with_columns(
        pl.Series("returned", np.where(back, items["quantity"].to_numpy(), 0)),
        pl.Series("refund_us", np.where(back, when, 0)),
    )


def _deals(
    rng: np.random.Generator, world: World, people: pl.DataFrame, quarters: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Deals of corporate buyers; a won one becomes an order completed by an agent."""
    mine = quarters.filter((people["kind"] == "corporate").gather(quarters["p"]))
    p = mine["p"].to_numpy()
    row, _ = expand(rng.poisson(DEALS_PER_QUARTER * mine["length"].to_numpy() * people["activity"].to_numpy()[p]))
    n = len(row)
    day = pick_days(rng, mine["first_day"].to_numpy()[row], mine["last_day"].to_numpy()[row], "store")
    region = people["region_no"].to_numpy()[p[row]]
    created = to_utc(FIRST_LOCAL + day * DAY + time_of_day(rng, n, "office"), region)
    created = np.minimum(created, END_US - 6 * HOUR)
    closed = created + rng.integers(3 * 24, 55 * 24, n) * HOUR
    done = closed < END_US - HOUR
    stage = np.where(done, np.where(rng.random(n) < 0.48, 4, 5), rng.integers(0, 4, n))
    deals = pl.DataFrame(
        {
            "deal_no": np.arange(n, dtype=np.int32),
            "p": p[row],
            "q": mine["q"].to_numpy()[row],
            "line_no": mine["line_no"].to_numpy()[row],
            "created_us": created,
            "closed_us": np.where(done, closed, 0),
            "stage_no": stage.astype(np.int8),
            "target": mine["spend_factor"].to_numpy()[row] * 2.2,
        }
    )
    basket = baskets(rng, world, people, deals.with_columns(pl.col("deal_no").alias("t"))).rename({"t": "deal_no"})
    amount = (basket["price"] * basket["quantity"]).to_numpy()
    rate = np.where(rng.random(n) < 0.4, 0.08, 0.0)
    basket = basket.with_columns(
        pl.Series("discount", np.round(amount * rate[basket["deal_no"].to_numpy()]).astype(np.int64))
    )
    subtotal = np.bincount(basket["deal_no"].to_numpy(), amount, n).astype(np.int64)
    discount = np.bincount(basket["deal_no"].to_numpy(), basket["discount"].to_numpy(), n).astype(np.int64)
    deals = deals.with_columns(pl.Series("amount", subtotal - discount))
    won = deals.filter(pl.col("stage_no") == 4)
    k = won["deal_no"].to_numpy()
    drafts = won.select("p", "q", "line_no", pl.col("closed_us").alias("at_us"), "deal_no").with_columns(
        pl.lit(-1).alias("c"),
        pl.Series("subtotal", subtotal[k]),
        pl.Series("discount", discount[k]),
        pl.lit(0).alias("fee"),
        pl.lit("standard").alias("tier"),
        pl.lit("bank_transfer").alias("payment"),
        pl.lit("").alias("coupon"),
        pl.Series("delivery_days", rng.integers(4, 15, len(won))),
        pl.lit(True).alias("logged_in"),
        pl.lit("shopify_draft_order").alias("source"),
    )
    return deals, drafts, basket.filter(pl.col("deal_no").is_in(won["deal_no"].implode()))
