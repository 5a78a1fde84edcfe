"""Trustpilot CSV exports: service and product reviews, with the vendor's own idea of the language."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth import effects, records
from pipelines.synth.base import DAY, END_US, REGIONS
from pipelines.synth.output import Output, plain_time
from pipelines.synth.simulation import Simulation
from pipelines.synth.texts import LANGUAGES


def write(out: Output, sim: Simulation) -> None:
    rng = sim.chunk.rng("trustpilot")
    suffix = sim.chunk.suffix
    frame = _reviews(rng, sim)
    service = frame.filter(pl.col("kind") == "service")
    reply = pl.when((pl.col("stars") <= 2) & (pl.col("u") < 0.7) & (pl.col("replied_us") < END_US))
    out.csv(
        f"trustpilot/service_reviews{suffix}.csv",
        service.select(
            pl.format("SR{}", "review_no").alias("Review Id"),
            plain_time("at_us").alias("Review Created (UTC)"),
            plain_time("at_us").alias("Review Updated (UTC)"),
            pl.col("display").alias("Review Username"),
            pl.when("invited").then("mail").alias("Review User Email"),
            pl.when("invited").then("order_name").alias("Reference Id"),
            pl.col("stars").alias("Review Stars"),
            pl.col("title").alias("Review Title"),
            pl.col("text").alias("Review Content"),
            pl.col("tag").alias("Review Language"),
            pl.col("country").alias("Review User Country"),
            pl.col("invited").alias("Verified"),
            reply.then(pl.lit("We are sorry. Please write to service@haldenmoor.example.")).alias(
                "Company Reply Content"
            ),
            reply.then(plain_time("replied_us")).alias("Company Reply Date (UTC)"),
        ),
        broken=["SR-broken,soon,later,Nobody,,,five,,,,,,,"] if sim.chunk.index == 0 else (),
    )
    product = frame.filter(pl.col("kind") == "product").with_columns(
        sim.world.products["sku"].gather(frame.filter(pl.col("kind") == "product")["sku_no"]).alias("sku")
    )
    out.csv(
        f"trustpilot/product_reviews{suffix}.csv",
        product.select(
            pl.format("PR{}", "review_no").alias("Review Id"),
            plain_time("at_us").alias("Review Created (UTC)"),
            plain_time("at_us").alias("Review Updated (UTC)"),
            pl.col("display").alias("Consumer Name"),
            pl.when("invited").then("mail").alias("Consumer Email"),
            pl.when("invited").then("order_name").alias("Reference Id"),
            pl.col("sku").alias("Product Sku"),
            pl.col("stars").alias("Stars"),
            pl.col("text").alias("Content"),
            pl.col("tag").alias("Language"),
        ),
    )


def _reviews(rng: np.random.Generator, sim: Simulation) -> pl.DataFrame:
    frame = sim.feedback.reviews
    n = len(frame)
    people = sim.people[frame["p"].to_numpy()]
    region = people["region_no"].to_numpy()
    wrong = rng.random(n) < effects.WRONG_LANGUAGE_TAG
    tag = np.where(wrong, rng.integers(0, 4, n), frame["language_no"].to_numpy())
    return frame.with_columns(
        pl.Series("u", rng.random(n)),
        pl.Series(
            "display",
            people.select(pl.format("{} {}.", "given_name", pl.col("family_name").str.slice(0, 1)))["given_name"]
            if n
            else [],
        ).cast(pl.String),
        records.typed_email(rng, people["email"], typos=0.0).alias("mail"),
        pl.Series("country", [r.country for r in REGIONS]).gather(region),
        pl.Series("tag", [*LANGUAGES, ""]).gather(tag),
        pl.Series("replied_us", frame["at_us"].to_numpy() + rng.integers(1, 6, n) * DAY),
        pl.col("text").str.split(".").list.first().str.slice(0, 60).alias("title"),
    ).with_columns(pl.when(pl.col("tag") != "").then("tag").alias("tag"))
