"""Zendesk incremental export: tickets, comments, users, satisfaction ratings; and the agents' roster."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth import effects, records, texts
from pipelines.synth.base import DAY, END_US, REGION_NAMES, REGIONS, SECOND
from pipelines.synth.catalogue import World
from pipelines.synth.output import Output, iso
from pipelines.synth.simulation import Simulation
from pipelines.synth.texts import TOPICS

GROUP = 360_005_000
BRAND = 360_007_001


def _group(team: pl.Expr) -> pl.Expr:
    return team.cast(pl.Int64) + GROUP


def write_world(out: Output, world: World) -> None:
    roster = world.roster.select(
        (pl.col("agent_no") + records.ZENDESK_AGENT).alias("user_id"),
        pl.col("week_start").dt.strftime("%Y-%m-%d"),
        "name",
        "email",
        _group(pl.col("team")).alias("group_id"),
        "group_name",
        pl.lit(pl.Series([*REGION_NAMES, "all"])).gather("team").alias("region"),
        "scheduled_hours",
        "tool_downtime_minutes",
        "enps_score",
        "qa_score",
    )
    out.jsonl("zendesk/agents.jsonl", roster)
    agents = world.agents.select(
        (pl.col("agent_no") + records.ZENDESK_AGENT).alias("id"),
        "name",
        "email",
        pl.lit(None, dtype=pl.String).alias("phone"),
        pl.lit("agent").alias("role"),
        pl.lit("2021-03-01T08:00:00Z").alias("created_at"),
        pl.lit("2024-10-01T08:00:00Z").alias("updated_at"),
        pl.lit("Berlin").alias("time_zone"),
        pl.lit("en-GB").alias("locale"),
        pl.lit(None, dtype=pl.Int64).alias("organization_id"),
        pl.lit(None, dtype=pl.String).alias("external_id"),
        pl.lit(False).alias("suspended"),
        pl.struct(
            pl.lit(None, dtype=pl.String).alias("loyalty_card"), pl.lit(None, dtype=pl.String).alias("region")
        ).alias("user_fields"),
    )
    out.jsonl("zendesk/users_agents.jsonl", agents)


def write(out: Output, sim: Simulation) -> None:
    rng = sim.chunk.rng("zendesk")
    frame = sim.support.tickets
    suffix = sim.chunk.suffix
    out.jsonl(f"zendesk/users{suffix}.jsonl", _users(rng, sim))
    tickets, late = _tickets(rng, sim, frame)
    broken = [
        tickets.head(1).write_ndjson().strip()[:120],
        '{"id": "none", "created_at": "2026-02-30T10:00:00Z", "updated_at": "later", "status": "open"}',
    ]
    out.jsonl(f"zendesk/tickets{suffix}.jsonl", tickets, broken if sim.chunk.index == 0 and len(tickets) else ())
    if len(late):
        out.jsonl(f"zendesk/tickets_late{suffix}.jsonl", late)
    out.jsonl(f"zendesk/comments{suffix}.jsonl", _comments(rng, sim, frame))
    out.jsonl(f"zendesk/satisfaction_ratings{suffix}.jsonl", _ratings(frame, sim))


def _users(rng: np.random.Generator, sim: Simulation) -> pl.DataFrame:
    """One user per person who ever asked; names in either order; the shop id where the form was used logged in."""
    asked = np.unique(sim.support.tickets["p"].to_numpy())
    first = sim.support.tickets.group_by("p").agg(pl.col("at_us").min(), pl.col("in_form").any()).sort("p")
    people = sim.people[asked]
    n = len(people)
    given, family = records.typed_name(rng, people["given_name"]), records.typed_name(rng, people["family_name"])
    by_mail = rng.random(n) < 0.90
    frame = people.select("person_id", "region_no", "card", "has_card", "has_account", "company_no").with_columns(
        pl.Series("given", given),
        pl.Series("family", family),
        pl.Series("mail", records.typed_email(rng, people["email"], typos=0.02)),
        pl.Series("phone", records.typed_phone(rng, people, missing=0.40)),
        pl.Series("by_mail", by_mail),
        pl.Series("created_us", first["at_us"].to_numpy() - 1 * SECOND),
        pl.Series("in_form", first["in_form"].to_numpy()),
        pl.Series("u", rng.random(n)),
        pl.Series(
            "locale", ["de" if r.language == "de" else "es" if r.language == "es" else "en-GB" for r in REGIONS]
        ).gather(people["region_no"]),
        pl.Series("region", REGION_NAMES).gather(people["region_no"]),
    )
    name = (
        pl.when(pl.col("u") < 0.15)
        .then(pl.format("{}, {}", "family", "given"))
        .when(pl.col("u") < 0.2)
        .then(pl.format("{} {}", "family", "given"))
        .otherwise(pl.format("{} {}", "given", "family"))
    )
    no_mail_phone = (
        pl.when(pl.col("by_mail") | pl.col("phone").is_not_null())
        .then("phone")
        .otherwise(pl.lit(effects.DEFAULT_PHONE))
    )
    return frame.select(
        records.zendesk_id(pl.col("person_id")).alias("id"),
        name.alias("name"),
        pl.when("by_mail").then("mail").alias("email"),
        no_mail_phone.alias("phone"),
        pl.lit("end-user").alias("role"),
        iso("created_us").alias("created_at"),
        iso("created_us").alias("updated_at"),
        pl.when(pl.col("region") == "West").then(pl.lit("London")).otherwise(pl.lit("Berlin")).alias("time_zone"),
        "locale",
        pl.when(pl.col("company_no") >= 0)
        .then(pl.col("company_no") + sim.chunk.start + 360_900_000)
        .alias("organization_id"),
        pl.when(pl.col("has_account") & pl.col("in_form"))
        .then(records.shopify_id(pl.col("person_id")).cast(pl.String))
        .alias("external_id"),
        pl.lit(False).alias("suspended"),
        pl.struct(pl.when(pl.col("has_card") & (pl.col("u") > 0.7)).then("card").alias("loyalty_card"), "region").alias(
            "user_fields"
        ),
    )


def _tickets(rng: np.random.Generator, sim: Simulation, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    frame = frame.with_columns(
        sim.people["person_id"].gather(frame["p"]).alias("person_id"),
        sim.people["company_no"].gather(frame["p"]).alias("company_no"),
        pl.Series("topic", TOPICS).gather(frame["topic_no"]),
        pl.Series("region", REGION_NAMES).gather(frame["region_no"]),
        pl.Series("u", rng.random(len(frame))),
        pl.max_horizontal(pl.col("at_us") + SECOND, "first_reply_us", "solved_us").alias("updated_us"),
    ).with_columns(
        pl.when(pl.col("rating").is_in(["good", "bad"]))
        .then(pl.max_horizontal("updated_us", "rated_us"))
        .otherwise("updated_us")
        .alias("updated_us")
    )
    is_late = (pl.col("u") < effects.LATE_TICKETS) & (pl.col("solved_us") > 0)
    early = frame.filter(is_late).with_columns(
        pl.lit(0, dtype=pl.Int64).alias("solved_us"),
        pl.lit(0, dtype=pl.Int64).alias("first_solved_us"),
        (pl.col("at_us") + 60 * SECOND).alias("updated_us"),
        pl.lit("unoffered").alias("rating"),
        pl.lit(0, dtype=pl.Int64).alias("first_reply_us"),
        pl.lit(0, dtype=pl.Int32).alias("replies"),
        pl.lit(0, dtype=pl.Int32).alias("reopens"),
    )
    first = pl.concat([frame.filter(~is_late), early.cast(frame.schema)]).sort("ticket_id")
    columns = _ticket_columns(sim)
    return first.select(columns), frame.filter(is_late).select(columns)


def _ticket_columns(sim: Simulation) -> list[pl.Expr | str]:
    agent = pl.col("agent_no").cast(pl.Int64) + records.ZENDESK_AGENT
    user = records.zendesk_id(pl.col("person_id"))
    status = (
        pl.when(pl.col("solved_us") > 0)
        .then(pl.lit("solved"))
        .when(pl.col("first_reply_us") > 0)
        .then(pl.lit("pending"))
        .otherwise(pl.lit("new"))
    )
    status = (
        pl.when((status == "solved") & (pl.col("solved_us") < END_US - 28 * DAY))
        .then(pl.lit("closed"))
        .otherwise(status)
    )
    kind = (
        pl.when(pl.col("topic") == "information")
        .then(pl.lit("question"))
        .when(pl.col("topic").is_in(["damaged", "quality", "site_speed"]))
        .then(pl.lit("problem"))
        .otherwise(pl.lit("incident"))
    )

    def minutes(column: str) -> pl.Expr:
        calendar = pl.when(pl.col(column) > 0).then((pl.col(column) - pl.col("at_us")) // (60 * SECOND))
        return pl.struct(calendar.alias("calendar"), (calendar * 10 // 24).alias("business"))

    field = pl.concat_list(
        pl.struct(pl.lit(360001).alias("id"), pl.when("in_form").then("order_name").alias("value")),
        pl.struct(
            pl.lit(360002).alias("id"),
            pl.lit(pl.Series(["Sofas", "Lighting", "Kitchen", "Textiles", "Garden", "Balcony"]))
            .gather("line_no")
            .alias("value"),
        ),
        pl.struct(pl.lit(360003).alias("id"), pl.when("in_form").then("topic").alias("value")),
    )
    metric = pl.struct(
        pl.col("reopens"),
        pl.col("replies"),
        pl.col("stations").alias("assignee_stations"),
        iso("solved_us").alias("solved_at"),
        minutes("first_reply_us").alias("reply_time_in_minutes"),
        minutes("first_solved_us").alias("first_resolution_time_in_minutes"),
        minutes("solved_us").alias("full_resolution_time_in_minutes"),
        minutes("first_reply_us").alias("requester_wait_time_in_minutes"),
    )
    return [
        pl.col("ticket_id").alias("id"),
        iso("at_us").alias("created_at"),
        iso("updated_us").alias("updated_at"),
        "subject",
        "description",
        status.alias("status"),
        "priority",
        kind.alias("type"),
        pl.struct("channel").alias("via"),
        user.alias("requester_id"),
        pl.when(pl.col("channel") == "voice").then(agent).otherwise(user).alias("submitter_id"),
        agent.alias("assignee_id"),
        _group(pl.col("team")).alias("group_id"),
        pl.when(pl.col("company_no") >= 0)
        .then(pl.col("company_no") + sim.chunk.start + 360_900_000)
        .alias("organization_id"),
        pl.lit(BRAND).alias("brand_id"),
        pl.concat_list(
            pl.format("topic_{}", "topic"), pl.format("region_{}", pl.col("region").str.to_lowercase())
        ).alias("tags"),
        field.alias("custom_fields"),
        pl.struct(pl.col("rating").alias("score")).alias("satisfaction_rating"),
        metric.alias("metric_set"),
    ]


def _comments(rng: np.random.Generator, sim: Simulation, frame: pl.DataFrame) -> pl.DataFrame:
    """The first message, the agent's replies, a thank-you or a protest, what reopens it, and some internal notes."""
    language = frame["language_no"].to_numpy().astype(np.int64)
    n = len(frame)
    person = sim.people["person_id"].gather(frame["p"])
    base = frame.with_columns(
        person.alias("person_id"),
        pl.Series("u", rng.random(n)),
        pl.Series("gap", rng.integers(1800, 30_000, n) * SECOND),
    )
    agent = pl.col("agent_no").cast(pl.Int64) + records.ZENDESK_AGENT
    user = records.zendesk_id(pl.col("person_id"))
    answered = pl.col("first_reply_us") > 0
    again = sim.chunk.rng("zendesk-reopened")
    second_us = pl.when(pl.col("solved_us") > 0).then("solved_us").otherwise(pl.col("first_reply_us") + pl.col("gap"))
    parts = [
        base.select(
            "ticket_id",
            user.alias("author_id"),
            pl.lit(True).alias("public"),
            pl.col("description").alias("body"),
            "at_us",
            "channel",
        ),
        base.with_columns(texts.reply(rng, language).alias("body"))
        .filter(answered)
        .select(
            "ticket_id",
            agent.alias("author_id"),
            pl.lit(True).alias("public"),
            "body",
            pl.col("first_reply_us").alias("at_us"),
            "channel",
        ),
        base.with_columns(texts.reply(rng, language).alias("body"))
        .filter(answered & (pl.col("replies") > 1))
        .select(
            "ticket_id",
            agent.alias("author_id"),
            pl.lit(True).alias("public"),
            "body",
            second_us.alias("at_us"),
            "channel",
        ),
        base.with_columns(texts.thanks(rng, language, frame["solved_us"].to_numpy() > 0).alias("body"))
        .filter(answered & (pl.col("u") < 0.35))
        .select(
            "ticket_id",
            user.alias("author_id"),
            pl.lit(True).alias("public"),
            "body",
            (second_us + pl.col("gap")).alias("at_us"),
            "channel",
        ),
        base.with_columns(texts.thanks(again, language, np.zeros(n)).alias("body"))
        .filter(pl.col("reopened_us") > 0)
        .select(
            "ticket_id",
            user.alias("author_id"),
            pl.lit(True).alias("public"),
            "body",
            pl.col("reopened_us").alias("at_us"),
            "channel",
        ),
        base.filter(answered & (pl.col("u") > 0.88)).select(
            "ticket_id",
            agent.alias("author_id"),
            pl.lit(False).alias("public"),
            pl.lit("Checked with the warehouse.").alias("body"),
            (pl.col("first_reply_us") - 30 * SECOND).alias("at_us"),
            "channel",
        ),
    ]
    rows = (
        pl.concat(parts).filter(pl.col("at_us") < END_US).sort("ticket_id", "at_us", "author_id", maintain_order=True)
    )
    ident = pl.int_range(pl.len(), dtype=pl.Int64) + sim.chunk.index * records.CHUNK_STRIDE * 5 + 700_000_001
    return rows.select(
        ident.alias("id"),
        "ticket_id",
        "author_id",
        pl.when(pl.col("channel") == "voice").then(pl.lit("VoiceComment")).otherwise(pl.lit("Comment")).alias("type"),
        "public",
        "body",
        iso("at_us").alias("created_at"),
        pl.struct("channel").alias("via"),
    )


def _ratings(frame: pl.DataFrame, sim: Simulation) -> pl.DataFrame:
    frame = frame.with_columns(sim.people["person_id"].gather(frame["p"]).alias("person_id")).filter(
        pl.col("rating") != "unoffered"
    )
    bad = pl.col("rating") == "bad"
    return frame.select(
        (pl.col("ticket_id") + 62_000_000).alias("id"),
        "ticket_id",
        records.zendesk_id(pl.col("person_id")).alias("requester_id"),
        (pl.col("agent_no").cast(pl.Int64) + records.ZENDESK_AGENT).alias("assignee_id"),
        _group(pl.col("team")).alias("group_id"),
        pl.col("rating").alias("score"),
        pl.when(bad).then(pl.lit("The issue took too long to resolve")).alias("reason"),
        pl.when(bad & (pl.col("ticket_id") % 3 == 0)).then("description").alias("comment"),
        iso("solved_us").alias("created_at"),
        iso("rated_us").alias("updated_at"),
    )
