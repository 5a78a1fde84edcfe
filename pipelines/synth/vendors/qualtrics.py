"""Qualtrics CSV exports with three header rows: responses and distributions."""

from __future__ import annotations

import json

import numpy as np
import polars as pl

from pipelines.synth import effects, records
from pipelines.synth.base import DIVISION, LINES, REGION_NAMES, SECOND
from pipelines.synth.output import Output, plain_time
from pipelines.synth.simulation import Simulation
from pipelines.synth.texts import LANGUAGES

PREVIEW_SHARE = 0.004
PARTIAL_SHARE = 0.03


def write(out: Output, sim: Simulation) -> None:
    rng = sim.chunk.rng("qualtrics")
    suffix = sim.chunk.suffix
    responses = _responses(rng, sim)
    header = ",".join(f'"{name}"' for name in responses.columns)
    imports = ",".join('"' + json.dumps({"ImportId": name}).replace('"', '""') + '"' for name in responses.columns)
    broken = ["R_broken,,,not a time,IP Address"] if sim.chunk.index == 0 else []
    out.csv(f"qualtrics/responses{suffix}.csv", responses, extra_headers=(header, imports), broken=broken)
    out.csv(f"qualtrics/distributions{suffix}.csv", _distributions(sim))


def _embedded(frame: pl.DataFrame) -> list[pl.Series]:
    line = frame["line_no"]
    return [
        pl.Series("division", [DIVISION[name] for name in LINES]).gather(line),
        pl.Series("product_line", LINES).gather(line),
        pl.Series("region", REGION_NAMES).gather(frame["region_no"]),
    ]


def _reference(has_account: pl.Expr, has_card: pl.Expr) -> pl.Expr:
    """The invitation's reference: the shop's customer id, else the loyalty card."""
    return (
        pl.when(has_account).then(records.shopify_id(pl.col("person_id")).cast(pl.String)).when(has_card).then("card")
    )


def _responses(rng: np.random.Generator, sim: Simulation) -> pl.DataFrame:
    frame = sim.feedback.answers
    n = len(frame)
    p = frame["p"].to_numpy()
    people: pl.DataFrame = sim.people[np.maximum(p, 0)].select("person_id", "email", "card", "has_card", "has_account")
    customer = pl.col("p") >= 0
    small = (frame["region_no"] == REGION_NAMES.index(str(effects.SMALL_CELL["region"]))).to_numpy() & (
        frame["q"] == 0
    ).to_numpy()
    frame = pl.concat([frame.with_columns(_embedded(frame)), people], how="horizontal").with_columns(
        pl.Series("u", rng.random(n)),
        pl.Series("partial", (rng.random(n) < PARTIAL_SHARE) & ~small),
        pl.Series("preview", (rng.random(n) < PREVIEW_SHARE) & (p < 0)),
        (pl.col("at_us") - pl.col("seconds") * SECOND).alias("start_us"),
        pl.Series("language", [name.upper() for name in LANGUAGES]).gather(frame["language_no"]),
    )
    by_mail = customer & (pl.col("by") == "email")
    whole = ~pl.col("partial")

    def item(name: str, title: str) -> pl.Expr:
        return pl.col(name).alias(title)

    def later(name: str, title: str) -> pl.Expr:
        """An item after the satisfaction block: missing where the survey was not finished."""
        return pl.when(whole).then(pl.col(name)).alias(title)

    return frame.select(
        pl.format("R_{}", (pl.col("response_no") + 1_000_000)).alias("ResponseId"),
        plain_time("start_us").alias("StartDate"),
        plain_time("at_us").alias("EndDate"),
        plain_time("at_us").alias("RecordedDate"),
        pl.when("preview").then(pl.lit("Survey Preview")).otherwise(pl.lit("IP Address")).alias("Status"),
        pl.when("partial").then(55).otherwise(100).alias("Progress"),
        pl.col("seconds").alias("Duration (in seconds)"),
        whole.alias("Finished"),
        pl.when(by_mail).then("email").alias("RecipientEmail"),
        pl.when(customer & (pl.col("by") != "anonymous"))
        .then(_reference(pl.col("has_account"), pl.col("has_card")))
        .alias("ExternalReference"),
        pl.col("by").alias("DistributionChannel"),
        pl.col("language").alias("UserLanguage"),
        pl.col("survey").alias("SurveyID"),
        pl.lit("v1").alias("WordingVersion"),
        customer.alias("is_customer"),
        "order_name",
        "division",
        "product_line",
        "region",
        pl.when(customer).then("touch").alias("touch_channel"),
        item("q1", "Q1_satisfaction"),
        item("q2", "Q2_expectations_met"),
        item("q3", "Q3_ideal"),
        item("expectation", "Q4_expectation_before"),
        later("quality", "Q5_quality"),
        later("value", "Q6_value"),
        later("nps", "Q7_NPS"),
        later("ces", "Q8_CES"),
        later("importance_price", "Q9_price"),
        later("importance_convenience", "Q9_convenience"),
        later("importance_quality", "Q9_quality"),
        later("importance_design", "Q9_design"),
        later("importance_service", "Q9_service"),
        pl.when(whole & customer).then("complained").alias("Q10_complained"),
        later("text", "Q11_text"),
    )


def _distributions(sim: Simulation) -> pl.DataFrame:
    frame = sim.feedback.invitations
    people = sim.people[frame["p"].to_numpy()].select(
        "person_id", "email", "card", "has_card", "has_account", "region_no"
    )
    frame = pl.concat([frame, people], how="horizontal")
    frame = frame.with_columns(_embedded(frame))
    return frame.select(
        pl.format("EMD_{}", pl.col("invitation_no") + 1_000_000).alias("DistributionId"),
        pl.col("survey").alias("SurveyId"),
        pl.col("email").alias("ContactEmail"),
        _reference(pl.col("has_account"), pl.col("has_card")).alias("ExternalDataReference"),
        plain_time("at_us").alias("SentDate"),
        pl.col("status").alias("Status"),
        pl.when(pl.col("response_no") >= 0)
        .then(pl.format("R_{}", pl.col("response_no") + 1_000_000))
        .alias("ResponseId"),
        "division",
        "product_line",
        "region",
    )
