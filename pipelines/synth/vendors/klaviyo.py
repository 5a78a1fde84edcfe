"""Klaviyo API events (nested JSON, one object a line) and campaigns with their cost."""

from __future__ import annotations

import polars as pl

from pipelines.synth import records
from pipelines.synth.base import DAY
from pipelines.synth.catalogue import World
from pipelines.synth.output import Output, iso
from pipelines.synth.simulation import Simulation
from pipelines.synth.vendors.pages import campaign_url


def write_world(out: Output, world: World) -> None:
    frame = world.campaigns.with_columns((pl.col("send_us") + DAY).alias("updated_us"))
    cost = pl.struct(pl.format("{}", pl.col("cost")).alias("amount"), pl.lit("EUR").alias("currency"))
    attributes = pl.struct(
        "name",
        "channel",
        "audience",
        "offer",
        iso("send_us").alias("send_time"),
        iso("updated_us").alias("updated_at"),
        cost.alias("cost"),
    )
    out.jsonl(
        "klaviyo/campaigns.jsonl", frame.select(pl.lit("campaign").alias("type"), "id", attributes.alias("attributes"))
    )


def write(out: Output, sim: Simulation) -> None:
    suffix = sim.chunk.suffix
    campaigns = sim.world.campaigns
    number = sim.touches["campaign_no"]
    frame = sim.touches.with_columns(
        sim.people["person_id"].gather(sim.touches["p"]).alias("person_id"),
        sim.people["email"].gather(sim.touches["p"]).alias("recipient"),
        campaigns["id"].gather(number).alias("campaign_id"),
        campaigns.select(campaign_url().alias("url"))["url"].gather(number),
        campaigns["channel"].gather(number).alias("channel"),
        campaigns["subject"].gather(number).alias("subject"),
    )
    for name, column in (
        ("sends", "send_us"),
        ("opens", "open_us"),
        ("clicks", "click_us"),
        ("unsubscribes", "unsubscribe_us"),
    ):
        happened = frame.filter(pl.col(column) > 0).sort(column, "m", maintain_order=True)
        out.jsonl(f"klaviyo/{name}{suffix}.jsonl", happened.select(_event(name, column, sim.chunk.index)))


def _event(name: str, column: str, chunk: int) -> list[pl.Expr | str]:
    event = pl.struct("recipient", "campaign_id", "channel", "subject", *(["url"] if name == "clicks" else []))
    profile = pl.struct(pl.lit("profile").alias("type"), records.klaviyo_id(pl.col("person_id")).alias("id"))
    return [
        pl.lit("event").alias("type"),
        pl.format(
            "{}{}{}", pl.lit(name[:2].upper()), pl.lit(f"{chunk:03d}"), pl.col("m").cast(pl.String).str.zfill(9)
        ).alias("id"),
        pl.struct(iso(column).alias("datetime"), event.alias("event_properties")).alias("attributes"),
        pl.struct(pl.struct(profile.alias("data")).alias("profile")).alias("relationships"),
    ]
