"""Tills, doors and staff lists: semicolon CSV in Latin-1, times of the head office (Berlin) without a zone."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth.base import END_US, HOUR, LINES, REGIONS, SECOND
from pipelines.synth.catalogue import World
from pipelines.synth.output import Output, money, plain_time
from pipelines.synth.records import CHUNK_STRIDE
from pipelines.synth.simulation import Simulation

BERLIN = "Europe/Berlin"


def _csv(out: Output, path: str, frame: pl.DataFrame, broken: list[str] | None = None) -> None:
    out.csv(path, frame, delimiter=";", encoding="latin-1", broken=broken or ())


def write_world(out: Output, world: World) -> None:
    _csv(
        out,
        "pos/stores.csv",
        world.stores.select(
            "store_id",
            "name",
            "region",
            "country_code",
            "city",
            "zip",
            "time_zone",
            "currency",
            "phone",
            pl.col("opened_on").dt.strftime("%Y-%m-%d"),
            pl.lit("2024-10-30 06:00:00").alias("updated_at"),
        ),
    )
    _csv(
        out,
        "pos/staff.csv",
        world.staff.select(
            "staff_id",
            "store_id",
            "name",
            "email",
            pl.format("HM90{}", pl.col("staff_id").str.slice(1)).alias("loyalty_card"),
            "role",
            pl.col("hired_on").dt.strftime("%Y-%m-%d"),
            pl.col("left_on").dt.strftime("%Y-%m-%d"),
            pl.lit("2026-10-30 06:00:00").alias("updated_at"),
        ),
    )


def write(out: Output, sim: Simulation) -> None:
    rng = sim.chunk.rng("pos")
    suffix = sim.chunk.suffix
    receipts = _receipts(sim)
    again = receipts.filter(pl.Series(rng.random(len(receipts)) < 0.004))
    broken = [
        "S999-1;1;sale;;S101;1;E1001;2025-13-45 10:00:00;HM-1-100-1;one;9.90;0.00;EUR;cash;;;;2025-01-01 22:00:00",
        "S999-2;1;sale",
    ]
    _csv(out, f"pos/receipts{suffix}.csv", pl.concat([receipts, again]), broken if sim.chunk.index == 0 else None)
    _csv(out, f"pos/visits{suffix}.csv", _visits(sim))


def _receipts(sim: Simulation) -> pl.DataFrame:
    head = sim.stores.receipts
    frame = sim.stores.lines.join(head.drop("line_no", "p", "t", "q"), on="r", how="left", maintain_order="left")
    region = sim.world.stores["region_no"].gather(frame["store_no"])
    exported = np.minimum(frame["at_us"].to_numpy() // (24 * HOUR) * 24 * HOUR + 46 * HOUR, END_US - SECOND)
    frame = frame.with_columns(
        sim.world.products["sku"].gather(frame["sku_no"]).alias("sku"),
        sim.world.stores["store_id"].gather(frame["store_no"]).alias("store_id"),
        pl.Series("currency", [r.currency for r in REGIONS]).gather(region),
        pl.Series("exported_us", np.maximum(exported, frame["at_us"].to_numpy())),
        (pl.int_range(pl.len()).over("r") + 1).alias("place"),
    )
    return frame.select(
        "receipt_no",
        pl.col("place").alias("line_no"),
        pl.col("kind").alias("receipt_type"),
        pl.col("original_no").alias("original_receipt_no"),
        "store_id",
        "till_no",
        "staff_id",
        plain_time("at_us", zone=BERLIN).alias("sold_at"),
        "sku",
        "quantity",
        money(pl.col("price")).alias("unit_price"),
        money(pl.col("discount")).alias("discount"),
        "currency",
        pl.col("payment").alias("payment_type"),
        pl.col("card").alias("loyalty_card"),
        pl.col("email").alias("customer_email"),
        pl.col("phone").alias("customer_phone"),
        plain_time("exported_us", zone=BERLIN).alias("exported_at"),
    )


def _visits(sim: Simulation) -> pl.DataFrame:
    frame = sim.stores.visits
    device = sim.devices.devices["device_id"]
    return frame.with_columns(
        sim.world.stores["store_id"].gather(frame["store_no"]).alias("store_id"),
        sim.people["card"].gather(frame["p"]).alias("card"),
        device.gather(frame["d"].clip(lower_bound=0)).alias("device"),
        sim.world.products["sku"].gather(frame["sku_no"].clip(lower_bound=0)).alias("sku"),
        pl.Series("line", LINES).gather(frame["line_no"].clip(lower_bound=0)),
        (pl.int_range(pl.len(), dtype=pl.Int64) + sim.chunk.index * CHUNK_STRIDE + 1).alias("number"),
    ).select(
        pl.format("V{}", pl.col("number").cast(pl.String).str.zfill(8)).alias("visit_id"),
        "store_id",
        plain_time("at_us", zone=BERLIN).alias("visited_at"),
        "kind",
        pl.when("with_card").then("card").alias("loyalty_card"),
        pl.when(pl.col("d") >= 0).then("device").alias("device_id"),
        pl.when(pl.col("sku_no") >= 0).then("sku").alias("sku"),
        pl.when(pl.col("line_no") >= 0).then("line").alias("product_line"),
    )
