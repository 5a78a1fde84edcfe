"""Shopify orders and abandoned checkouts: the nested objects, late versions, broken lines."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth import effects, records
from pipelines.synth.base import END_US, HOUR, REGIONS, SECOND
from pipelines.synth.output import iso, money
from pipelines.synth.simulation import Simulation

ZONE = "Europe/Berlin"
PRODUCT = 8_000_000_000
VARIANT = 44_000_000_000


def address(first: pl.Expr, last: pl.Expr) -> pl.Expr:
    return pl.struct(
        first.alias("first_name"),
        last.alias("last_name"),
        "company",
        pl.col("street").alias("address1"),
        pl.lit(None, dtype=pl.String).alias("address2"),
        "city",
        pl.lit(None, dtype=pl.String).alias("province"),
        "zip",
        "country_code",
        "phone",
    )


def _lines(sim: Simulation, items: pl.DataFrame, key: str) -> pl.DataFrame:
    """Line objects gathered per order or checkout."""
    products = sim.world.products.select(pl.col("sku_no").cast(pl.Int32), "product_no", "sku", "title")
    base = sim.chunk.index * records.CHUNK_STRIDE * 4
    frame = items.with_columns((pl.int_range(pl.len(), dtype=pl.Int64) + base + 13_000_000_000).alias("line_id")).join(
        products, on="sku_no", how="left", maintain_order="left"
    )
    line = pl.struct(
        pl.col("line_id").alias("id"),
        (pl.col("product_no") + PRODUCT).alias("product_id"),
        (pl.col("sku_no").cast(pl.Int64) + VARIANT).alias("variant_id"),
        "sku",
        "title",
        "quantity",
        money(pl.col("price")).alias("price"),
        money(pl.col("discount")).alias("total_discount"),
    )
    return frame.with_columns(line.alias("line")).select(
        key,
        "line",
        *[c for c in ("line_id", "returned", "refund_us", "quantity", "price", "discount") if c in frame.columns],
    )


def orders(rng: np.random.Generator, sim: Simulation, known: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The orders' objects, and later versions of some of them for the later file."""
    lines = _lines(sim, sim.orders.items, "o")
    nested = lines.group_by("o", maintain_order=True).agg(pl.col("line").alias("line_items"))
    refund_line = pl.struct(
        pl.col("line_id").alias("line_item_id"),
        pl.col("returned").alias("quantity"),
        money(pl.col("price") * pl.col("quantity") - pl.col("discount")).alias("subtotal"),
    )
    returned = lines.filter(pl.col("returned") > 0).with_columns(
        refund_line.alias("refund_line"), pl.col("refund_us").max().over("o").alias("refund_us")
    )
    value = (pl.col("price") * pl.col("quantity") - pl.col("discount")).sum().alias("refunded")
    refunds = returned.group_by("o", maintain_order=True).agg(
        pl.col("refund_us").first().alias("refunded_us"), value, pl.col("refund_line").alias("refund_line_items")
    )
    frame = sim.orders.orders.join(nested, on="o", how="left", maintain_order="left").join(
        refunds, on="o", how="left", maintain_order="left"
    )
    frame = frame.join(known.drop("region_no", "joined_us"), on="p", how="left", maintain_order="left")
    frame = frame.join(
        sim.web.carts.select("c", "cart_token", "checkout_token", "s"), on="c", how="left", maintain_order="left"
    ).join(
        sim.sessions.sessions.select("s", "source", "medium", "campaign_name"),
        on="s",
        how="left",
        maintain_order="left",
    )
    n = len(frame)
    frame = frame.with_columns(
        pl.Series("currency", [r.currency for r in REGIONS]).gather(frame["region_no"]),
        pl.Series("typed_email", records.typed_email(rng, sim.people["email"].gather(frame["p"]), typos=0.02)),
        pl.Series("typed_phone", records.typed_phone(rng, sim.people[frame["p"].to_numpy()], missing=0.5)),
        pl.Series("u", rng.random(n)),
        (pl.col("subtotal") - pl.col("discount")).alias("net"),
    )
    # a version's time: the last thing that happened to the order
    changed = pl.max_horizontal(
        pl.col("at_us") + 5 * SECOND, "shipped_us", "delivered_us", "cancelled_us", pl.col("refunded_us").fill_null(0)
    )
    frame = frame.with_columns(changed.clip(upper_bound=END_US - SECOND).alias("updated_us"))
    early = frame.with_columns(
        pl.col("at_us").alias("updated_us") + 60 * SECOND,
        *[pl.lit(0, dtype=pl.Int64).alias(name) for name in ("shipped_us", "delivered_us", "cancelled_us")],
        pl.lit(None, dtype=pl.Int64).alias("refunded_us"),
    )
    is_late = (pl.col("u") < effects.LATE_ORDERS) & (pl.col("updated_us") > pl.col("at_us") + HOUR)
    first = pl.concat([frame.filter(~is_late), early.filter(frame.select(is_late).to_series())]).sort("o")
    return first.select(_order_columns(sim)), frame.filter(is_late).select(_order_columns(sim))


def _order_columns(sim: Simulation) -> list[pl.Expr | str]:
    refunded = pl.col("refunded_us").is_not_null() & (pl.col("refunded_us") > 0)
    base = sim.chunk.index * records.CHUNK_STRIDE
    guest = ~pl.col("logged_in")
    ship = (
        pl.when(pl.col("tier") == "standard")
        .then(pl.lit("Standard"))
        .when(pl.col("tier") == "express")
        .then(pl.lit("Express"))
        .otherwise(pl.lit("Store pickup"))
    )
    tax = pl.col("net") * 19 // 119
    refund = pl.struct(
        (pl.col("order_id") + 900_000_000_000).alias("id"),
        iso("refunded_us", zone=ZONE).alias("created_at"),
        pl.lit("return").alias("note"),
        "refund_line_items",
    )
    estimate = iso("promised_us", zone=ZONE).alias("estimated_delivery_at")
    status = pl.when(pl.col("delivered_us") > 0).then(pl.lit("delivered")).otherwise(pl.lit("in_transit"))
    done = pl.struct(
        (pl.col("order_id") + 700_000_000_000).alias("id"),
        iso("shipped_us", zone=ZONE).alias("created_at"),
        iso("updated_us", zone=ZONE).alias("updated_at"),
        status.alias("shipment_status"),
        estimate,
        iso("delivered_us", zone=ZONE).alias("delivered_at"),
    )
    code = pl.struct(
        pl.col("coupon").alias("code"),
        money(pl.col("discount")).alias("amount"),
        pl.when(pl.col("coupon") == "FREESHIP").then(pl.lit("shipping")).otherwise(pl.lit("percentage")).alias("type"),
    )
    referrer = (
        pl.when(pl.col("medium") == "organic")
        .then(pl.lit("https://www.google.com/"))
        .when(pl.col("medium") == "social")
        .then(pl.lit("https://www.instagram.com/"))
    )
    has_code = pl.col("coupon") != ""
    return [
        pl.col("order_id").alias("id"),
        pl.col("order_name").alias("name"),
        iso("at_us", zone=ZONE).alias("created_at"),
        iso("updated_us", zone=ZONE).alias("updated_at"),
        iso("at_us", zone=ZONE).alias("processed_at"),
        iso("cancelled_us", zone=ZONE).alias("cancelled_at"),
        pl.when(pl.col("cancelled_us") > 0).then(pl.lit("customer")).alias("cancel_reason"),
        pl.when(guest).then("typed_email").otherwise("email").alias("email"),
        pl.col("typed_phone").alias("phone"),
        pl.when(~guest & pl.col("has_account"))
        .then(pl.struct(records.shopify_id(pl.col("person_id")).alias("id")))
        .alias("customer"),
        "currency",
        money(pl.col("net")).alias("subtotal_price"),
        money(pl.col("discount")).alias("total_discounts"),
        money(tax).alias("total_tax"),
        money(pl.col("net") + pl.col("fee")).alias("total_price"),
        pl.lit(True).alias("taxes_included"),
        pl.when(pl.col("cancelled_us") > 0)
        .then(pl.lit("voided"))
        .when(refunded & (pl.col("refunded") >= pl.col("net")))
        .then(pl.lit("refunded"))
        .when(refunded)
        .then(pl.lit("partially_refunded"))
        .otherwise(pl.lit("paid"))
        .alias("financial_status"),
        pl.when(pl.col("shipped_us") > 0).then(pl.lit("fulfilled")).alias("fulfillment_status"),
        pl.col("source").alias("source_name"),
        pl.when(pl.col("c") >= 0)
        .then(pl.col("c").cast(pl.Int64) + base + records.SHOPIFY_CHECKOUT)
        .alias("checkout_id"),
        "checkout_token",
        "cart_token",
        pl.concat_list("payment").alias("payment_gateway_names"),
        pl.when(has_code)
        .then(pl.concat_list(code))
        .otherwise(pl.concat_list(code).list.head(0))
        .alias("discount_codes"),
        "line_items",
        pl.concat_list(
            pl.struct(ship.alias("title"), pl.col("tier").alias("code"), money(pl.col("fee")).alias("price"))
        ).alias("shipping_lines"),
        pl.when(refunded).then(pl.concat_list(refund)).otherwise(pl.concat_list(refund).list.head(0)).alias("refunds"),
        pl.when(pl.col("shipped_us") > 0)
        .then(pl.concat_list(done))
        .otherwise(pl.concat_list(done).list.head(0))
        .alias("fulfillments"),
        address(pl.col("first_name"), pl.col("last_name")).alias("billing_address"),
        address(pl.col("first_name"), pl.col("last_name")).alias("shipping_address"),
        pl.struct(
            pl.format("192.0.2.{}", pl.col("order_id") % 250 + 1).alias("browser_ip"),
            pl.lit("Mozilla/5.0").alias("user_agent"),
        ).alias("client_details"),
        pl.when(pl.col("campaign_name").is_not_null())
        .then(pl.format("/?utm_source={}&utm_medium={}&utm_campaign={}", "source_right", "medium", "campaign_name"))
        .when(pl.col("c") >= 0)
        .then(pl.lit("/"))
        .alias("landing_site"),
        referrer.alias("referring_site"),
        pl.when(pl.col("kind") == "corporate").then(pl.lit("business")).otherwise(pl.lit("")).alias("tags"),
    ]


def broken(orders: pl.DataFrame) -> list[str]:
    """A line cut off, and an order whose time and total are no such things; the good rows stay in the file."""
    line = orders.head(1).write_ndjson().strip()
    name = orders["name"][0]
    wrong = line.replace(f'"created_at":"{orders["created_at"][0]}"', '"created_at":"yesterday"', 1).replace(name, "#0")
    return [line[: len(line) // 2], wrong]


def abandoned(rng: np.random.Generator, sim: Simulation, known: pl.DataFrame) -> pl.DataFrame:
    """Checkouts that reached contact details and brought no order in their session."""
    carts = sim.web.carts
    typed = (carts["reached"] >= 2).to_numpy() | ((carts["reached"] == 1).to_numpy() & (rng.random(len(carts)) < 0.35))
    frame = carts.filter(pl.Series(typed) & (pl.col("reached") < 4))
    lines = (
        _lines(sim, sim.carts.items.filter(pl.col("c").is_in(frame["c"].implode())), "c")
        .group_by("c", maintain_order=True)
        .agg(pl.col("line").alias("line_items"))
    )
    frame = frame.join(lines, on="c", how="left", maintain_order="left").join(
        known.drop("region_no"), on="p", how="left", maintain_order="left"
    )
    base = sim.chunk.index * records.CHUNK_STRIDE
    frame = frame.with_columns(
        pl.Series("currency", [r.currency for r in REGIONS]).gather(frame["region_no"]),
        pl.Series("typed_email", records.typed_email(rng, sim.people["email"].gather(frame["p"]), typos=0.02)),
        pl.Series("typed_phone", records.typed_phone(rng, sim.people[frame["p"].to_numpy()], missing=0.6)),
        (pl.col("subtotal") - pl.col("discount")).alias("net"),
        pl.max_horizontal("last_us", "order_us").alias("updated_us"),
    )
    ship = pl.struct(pl.col("tier").alias("title"), pl.col("tier").alias("code"), money(pl.col("fee")).alias("price"))
    saw = pl.col("reached") >= 2
    return frame.select(
        (pl.col("c").cast(pl.Int64) + base + records.SHOPIFY_CHECKOUT).alias("id"),
        pl.col("checkout_token").alias("token"),
        "cart_token",
        pl.when("logged_in").then("email").otherwise("typed_email").alias("email"),
        pl.col("typed_phone").alias("phone"),
        pl.when("logged_in").then(pl.struct(records.shopify_id(pl.col("person_id")).alias("id"))).alias("customer"),
        iso("begin_us", zone=ZONE).alias("created_at"),
        iso("updated_us", zone=ZONE).alias("updated_at"),
        iso("order_us", zone=ZONE).alias("completed_at"),
        "currency",
        money(pl.col("net")).alias("subtotal_price"),
        money(pl.col("discount")).alias("total_discounts"),
        money(pl.col("net") + pl.when(saw).then("fee").otherwise(0)).alias("total_price"),
        "line_items",
        pl.when(saw).then(pl.concat_list(ship)).otherwise(pl.concat_list(ship).list.head(0)).alias("shipping_lines"),
        pl.when(pl.col("reached") >= 3).then("payment").alias("gateway"),
    )
