"""Shopify Admin API objects, one JSON object a line: customers, products, orders, abandoned checkouts."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth import records
from pipelines.synth.base import DAY, END_US, FIRST_LOCAL, HOUR, REGIONS
from pipelines.synth.catalogue import World
from pipelines.synth.output import Output, iso, money
from pipelines.synth.people import company_name
from pipelines.synth.simulation import Simulation
from pipelines.synth.vendors.shopify_orders import PRODUCT, VARIANT, ZONE, abandoned, address, broken, orders


def write_world(out: Output, world: World) -> None:
    """Products do not depend on the customers."""
    variants = world.products.with_columns(
        pl.struct(
            (pl.col("sku_no") + VARIANT).alias("id"),
            "sku",
            pl.col("colour").alias("title"),
            money(pl.col("price")).alias("price"),
            pl.lit(None, dtype=pl.String).alias("compare_at_price"),
            pl.col("stock").alias("inventory_quantity"),
            (pl.col("price") // 2 + 200).alias("grams"),
            pl.struct(
                money((pl.col("price") * pl.col("cost_share")).round().cast(pl.Int64)).alias("cost"),
                pl.lit("EUR").alias("currency"),
            ).alias("inventory_item"),
        ).alias("variant"),
        (pl.col("launch_day").cast(pl.Int64) * DAY + FIRST_LOCAL + 9 * HOUR).alias("published_at"),
    ).sort("product_no", "variant_no")
    products = variants.group_by("product_no", maintain_order=True).agg(
        pl.col("title", "brand", "line", "handle", "published_at").first(), pl.col("variant").alias("variants")
    )
    products = products.with_columns(
        (pl.col("published_at") - 20 * DAY).alias("created_at"), pl.lit(END_US - 30 * DAY).alias("updated_at")
    )
    out.jsonl(
        "shopify/products.jsonl",
        products.select(
            (pl.col("product_no") + PRODUCT).alias("id"),
            "title",
            pl.col("brand").alias("vendor"),
            pl.col("line").alias("product_type"),
            "handle",
            pl.lit("active").alias("status"),
            pl.format("{}, home", pl.col("line").str.to_lowercase()).alias("tags"),
            iso("created_at", zone=ZONE),
            iso("updated_at", zone=ZONE),
            iso("published_at", zone=ZONE),
            "variants",
        ),
    )


def write(out: Output, sim: Simulation) -> None:
    rng = sim.chunk.rng("shopify")
    known = _known(rng, sim)
    customers = _customers(rng, known)
    suffix = sim.chunk.suffix
    out.jsonl(f"shopify/customers{suffix}.jsonl", customers)
    placed, late = orders(rng, sim, known)
    wrong = broken(placed) if sim.chunk.index == 0 and len(placed) else []
    out.jsonl(f"shopify/orders{suffix}.jsonl", placed, wrong)
    if len(late):
        out.jsonl(f"shopify/orders_late{suffix}.jsonl", late)
    out.jsonl(f"shopify/abandoned_checkouts{suffix}.jsonl", abandoned(rng, sim, known))


def _known(rng: np.random.Generator, sim: Simulation) -> pl.DataFrame:
    """What the shop has on file about each person, as typed."""
    people = sim.people
    place = records.address(people)
    return pl.concat(
        [
            people.select(
                "p",
                "person_id",
                "region_no",
                "has_account",
                "company_no",
                "card",
                "has_card",
                "card_colour",
                "is_staff",
                "email_opt_in",
                "sms_opt_in",
                "joined_us",
                "kind",
            ),
            pl.DataFrame(
                {
                    "email": records.typed_email(rng, people["email"]),
                    "first_name": records.typed_name(rng, people["given_name"]),
                    "last_name": records.typed_name(rng, people["family_name"]),
                    "phone": records.typed_phone(rng, people, missing=0.45),
                }
            ),
            place,
        ],
        how="horizontal",
    ).with_columns(
        pl.when(pl.col("company_no") >= 0).then(company_name(pl.col("company_no"), sim.chunk.start)).alias("company")
    )


def _customers(rng: np.random.Generator, known: pl.DataFrame) -> pl.DataFrame:
    currency = pl.Series([r.currency for r in REGIONS]).gather(known["region_no"])
    n = len(known)
    frame = known.with_columns(
        currency.alias("currency"),
        (pl.col("joined_us") + 3 * HOUR).clip(upper_bound=END_US - HOUR).alias("created_at"),
        pl.Series("u", rng.random(n)),
        pl.Series("gap", rng.integers(0, 400, n) * DAY),
    ).filter("has_account")
    frame = frame.with_columns(
        (pl.col("created_at") + pl.col("gap")).clip(upper_bound=END_US - HOUR).alias("updated_at")
    )
    state = (
        pl.when("email_opt_in")
        .then(pl.lit("subscribed"))
        .when(pl.col("u") < 0.5)
        .then(pl.lit("unsubscribed"))
        .otherwise(pl.lit("not_subscribed"))
    )
    sms = pl.when("sms_opt_in").then(pl.lit("subscribed")).otherwise(pl.lit("not_subscribed"))
    has_card = pl.col("has_card") & (pl.col("u") < 0.8)
    card = pl.struct(pl.lit("loyalty").alias("namespace"), pl.lit("card").alias("key"), pl.col("card").alias("value"))
    tags = pl.concat_str(
        pl.when("is_staff").then(pl.lit("staff, ")).otherwise(pl.lit("")),
        pl.when(pl.col("kind") == "corporate").then(pl.lit("business, ")).otherwise(pl.lit("")),
        pl.when("has_card").then(pl.format("card_{}", "card_colour")).otherwise(pl.lit("no_card")),
    )
    return frame.select(
        records.shopify_id(pl.col("person_id")).alias("id"),
        iso("created_at", zone=ZONE),
        iso("updated_at", zone=ZONE),
        "email",
        "first_name",
        "last_name",
        "phone",
        pl.when(pl.col("u") < 0.03)
        .then(pl.lit("invited"))
        .when(pl.col("u") < 0.05)
        .then(pl.lit("disabled"))
        .otherwise(pl.lit("enabled"))
        .alias("state"),
        (pl.col("u") > 0.06).alias("verified_email"),
        pl.struct(
            state.alias("state"),
            pl.lit("single_opt_in").alias("opt_in_level"),
            iso("created_at", zone=ZONE).alias("consent_updated_at"),
        ).alias("email_marketing_consent"),
        pl.struct(
            sms.alias("state"),
            pl.lit("single_opt_in").alias("opt_in_level"),
            iso("created_at", zone=ZONE).alias("consent_updated_at"),
        ).alias("sms_marketing_consent"),
        tags.alias("tags"),
        pl.when(pl.col("u") > 0.99).then(pl.format("Call {} before delivery", "phone")).alias("note"),
        "currency",
        (pl.col("kind") == "corporate").alias("tax_exempt"),
        pl.when(has_card).then(pl.concat_list(card)).otherwise(pl.concat_list(card).list.head(0)).alias("metafields"),
        address(pl.col("first_name"), pl.col("last_name")).alias("default_address"),
    )
