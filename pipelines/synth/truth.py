"""Hidden truth beside the exports: what only tests and benchmarks may read.

Tables (Parquet, one part a chunk): persons, nodes (person behind each source record), person_quarters, carts, journeys,
tickets, texts, dirt; and planted_effects.json. Stays out: anything the pipeline could depend on.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.synth import effects, records
from pipelines.synth.base import LINES, NEEDS, QUARTERS, REGION_NAMES, REGIONS
from pipelines.synth.carts import CAUSES, STEPS
from pipelines.synth.catalogue import World
from pipelines.synth.output import Output
from pipelines.synth.simulation import Simulation
from pipelines.synth.texts import LANGUAGES, TOPICS
from pipelines.synth.vendors.hubspot import duplicates


def write(out: Output, sim: Simulation) -> None:
    suffix = sim.chunk.suffix
    for name, frame in (
        ("persons", persons(sim)),
        ("nodes", nodes(sim)),
        ("person_quarters", person_quarters(sim)),
        ("carts", carts(sim)),
        ("journeys", journeys(sim)),
        ("tickets", tickets(sim)),
        ("texts", texts(sim)),
    ):
        out.parquet(f"{name}{suffix}.parquet", frame)


def write_world(out: Output, world: World, dirt: list[dict[str, str | int]]) -> None:
    out.parquet(
        "dirt.parquet", pl.DataFrame(dirt, schema={"file": pl.String, "row_number": pl.Int64, "what": pl.String})
    )
    out.parquet(
        "outages.parquet",
        pl.DataFrame(
            [{"team": t, "week": w} for t, w in zip(*np.nonzero(world.outage), strict=True)],
            schema={"team": pl.Int64, "week": pl.Int64},
        ),
    )


def write_effects(root: Path, values: dict[str, object]) -> None:
    (root / "planted_effects.json").write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")


def planted(free_shipping: dict[str, object]) -> dict[str, object]:
    """The constants of effects.py by the numbers of its docstring."""
    return {
        "1_shipping_reveal": {
            "fee_share": effects.SHIPPING_FEE_SHARE,
            "risk_ratio_by_need": effects.SHIPPING_RR,
            "smaller_fee_risk_ratio_by_need": effects.SMALL_FEE_RR,
            "obstacles": {name: {"share": share, "risk_ratio": rr} for name, (share, rr) in effects.OBSTACLES.items()},
        },
        "2_regions": {
            "north_checkout_drop": effects.NORTH_CHECKOUT_DROP,
            "south_contact_ratio": effects.SOUTH_CONTACT_RATIO,
        },
        "3_satisfaction": {
            "index_before": effects.INDEX_BEFORE,
            "index_after": effects.INDEX_AFTER,
            "changes_from": effects.INDEX_CHANGES_FROM,
            "garden_share": [effects.GARDEN_SHARE_BEFORE, effects.GARDEN_SHARE_AFTER],
        },
        "4_spend_per_point": {"share": effects.SPEND_PER_POINT, "placebo": 0.0},
        "5_sofa_needs": {
            "needs": {k: list(v) for k, v in effects.SOFA_NEEDS.items()},
            "share": effects.SOFA_NEED_SHARE,
        },
        "6_rooming": {"webroomers": effects.WEBROOMER_SHARE, "showroomers": effects.SHOWROOMER_SHARE},
        "7_identity": {"kiosk_logins": effects.KIOSK_LOGINS, "default_phone": effects.DEFAULT_PHONE},
        "8_null_dimensions": list(effects.NULL_DIMENSIONS),
        "9_free_shipping": {
            "threshold": effects.FREE_SHIPPING,
            "top_up": effects.TOP_UP,
            "candidates_eur": list(effects.THRESHOLD_CANDIDATES),
            **free_shipping,
        },
        "10_languages": {"foreign": effects.FOREIGN_LANGUAGE, "wrong_tag": effects.WRONG_LANGUAGE_TAG},
        "11_non_customers": {"design": effects.NON_CUSTOMER_DESIGN},
        "12_outage": {"rating_drop": effects.OUTAGE_RATING_DROP},
        "13_small_cell": effects.SMALL_CELL,
        "14_arrival": {
            "repeated_same_file": effects.REPEATED_SAME_FILE,
            "repeated_later_file": effects.REPEATED_LATER_FILE,
            "late_orders": effects.LATE_ORDERS,
            "late_tickets": effects.LATE_TICKETS,
            "late_contacts": effects.LATE_CONTACTS,
        },
    }


def persons(sim: Simulation) -> pl.DataFrame:
    people = sim.people
    web, show = np.zeros(len(people), dtype=bool), np.zeros(len(people), dtype=bool)
    web[sim.roomers.webroomers], show[sim.roomers.showroomers] = True, True
    return people.select(
        "person_id",
        "household_id",
        "household_size",
        pl.Series("region", REGION_NAMES).gather(people["region_no"]),
        pl.Series("language", [r.language for r in REGIONS]).gather(people["region_no"]),
        "kind",
        "need",
        "sofa_fan",
        "favourite_line",
        "shopper",
        pl.Series("webroomer", web),
        pl.Series("showroomer", show),
        pl.when("sofa_fan").then(pl.format("{}_{}", "kind", "need")).otherwise("need").alias("segment"),
        "is_staff",
        "card_colour",
        "has_card",
        "has_account",
        "in_crm",
        "shares_email",
        "activity",
        pl.col("joined_us").cast(pl.Datetime("us")).alias("joined_at"),
        pl.col("email").alias("true_email"),
        pl.col("mobile").alias("true_mobile"),
    )


def nodes(sim: Simulation) -> pl.DataFrame:
    """Node id of every source record, the person behind it, and its role (person, household, kiosk, visitor …)."""
    people = sim.people.select("person_id", "card", "has_card", "has_account", "in_crm")
    person = people["person_id"]
    parts: list[pl.DataFrame] = []

    def put(prefix: str, ref: pl.Series, who: pl.Series | None, role: str | pl.Series = "person") -> None:
        frame = pl.DataFrame({"ref": ref.cast(pl.String)})
        owner = pl.lit(None, dtype=pl.Int64) if who is None else who.cast(pl.Int64)
        named = pl.lit(role) if isinstance(role, str) else role
        parts.append(
            frame.select(
                pl.format("{}:{}", pl.lit(prefix), "ref").alias("node_id"),
                owner.alias("person_id"),
                named.alias("role"),
            )
        )

    ids = people.with_columns(
        records.shopify_id(pl.col("person_id")).alias("shop"),
        records.zendesk_id(pl.col("person_id")).alias("desk"),
        records.hubspot_id(pl.col("person_id")).alias("crm"),
        records.klaviyo_id(pl.col("person_id")).alias("mail"),
    )
    account = ids.filter("has_account")
    put("shopify:customer", account["shop"], account["person_id"])
    bought = sim.orders.orders.with_columns(account=people["has_account"].gather(sim.orders.orders["p"]))
    guests = bought.filter(~(pl.col("logged_in") & pl.col("account")))
    put("shopify:order", guests["order_id"], person.gather(guests["p"]))
    asked = np.unique(sim.support.tickets["p"].to_numpy())
    put("zendesk:user", ids["desk"].gather(asked), person.gather(asked))
    crm = ids.filter("in_crm")
    put("hubspot:contact", crm["crm"], crm["person_id"])
    twins = np.concatenate(duplicates(sim))
    put("hubspot:contact", ids["crm"].gather(twins) + 1, person.gather(twins))
    device = sim.devices.devices
    # a visit that shows a card is the card's record, whatever device was used with it
    alone = sim.stores.visits.filter(~pl.col("with_card"))
    seen = np.concatenate([sim.sessions.sessions["d"].to_numpy(), alone["d"].to_numpy()])
    used = device[np.unique(seen[seen >= 0])]
    owner = pl.DataFrame(
        {"p": person.gather(used["owner"].clip(lower_bound=0)), "own": used["role"] == "person"}
    ).select(pl.when("own").then("p").alias("p"))["p"]
    put("ga4:device", used["device_id"], owner, used["role"])
    logged = sim.sessions.sessions.filter(pl.col("logged_in") & (pl.col("p") >= 0))
    logins = np.unique(logged["p"].to_numpy())
    put("ga4:login", ids["shop"].gather(logins), person.gather(logins))
    mailed = np.unique(sim.touches["p"].to_numpy())
    put("klaviyo:profile", ids["mail"].gather(mailed), person.gather(mailed))
    reviews = sim.feedback.reviews
    number = reviews.select(
        pl.when(pl.col("kind") == "service")
        .then(pl.format("SR{}", "review_no"))
        .otherwise(pl.format("PR{}", "review_no"))
        .alias("id")
    )["id"]
    put("trustpilot:review", number, person.gather(reviews["p"]))
    answers = sim.feedback.answers
    answered = answers.filter(pl.col("p") >= 0)
    response = pl.format("R_{}", pl.col("response_no") + 1_000_000).alias("id")
    put("qualtrics:response", answered.select(response)["id"], person.gather(answered["p"]))
    put("qualtrics:response", answers.filter(pl.col("p") < 0).select(response)["id"], None, "non_customer")
    shown = pl.concat(
        [
            sim.stores.receipts.filter(pl.col("card").is_not_null()).select("p"),
            sim.stores.visits.filter("with_card").select("p"),
        ]
    )
    carded = np.unique(shown["p"].to_numpy())
    put("pos:loyalty", ids["card"].gather(carded), person.gather(carded))
    bare = sim.stores.receipts.filter(
        pl.col("card").is_null() & (pl.col("email").is_not_null() | pl.col("phone").is_not_null())
    )
    put("pos:receipt", bare["receipt_no"], person.gather(bare["p"]))
    if sim.chunk.index == 0:
        put("pos:staff", sim.world.staff["staff_id"], None, "staff")
    return pl.concat(parts)


def person_quarters(sim: Simulation) -> pl.DataFrame:
    frame = sim.quarters
    spent = (
        pl.concat(
            [
                sim.orders.orders.select("p", "q", (pl.col("subtotal") - pl.col("discount")).alias("cents")),
                sim.stores.lines.join(
                    sim.stores.receipts.filter(pl.col("kind") == "sale").select("r", "p", "q"), on="r"
                ).select("p", "q", (pl.col("price") * pl.col("quantity") - pl.col("discount")).alias("cents")),
            ]
        )
        .group_by("p", "q")
        .agg(pl.col("cents").sum(), pl.len().alias("lines"))
    )
    joined = frame.join(spent, on=["p", "q"], how="left", maintain_order="left")
    return joined.select(
        sim.people["person_id"].gather(frame["p"]).alias("person_id"),
        pl.Series("quarter", [name for name, _, _ in QUARTERS]).gather(frame["q"]),
        pl.Series("product_line", LINES).gather(frame["line_no"]),
        "index",
        pl.col("latent").alias("latent_share"),
        "responded",
        "spend_factor",
        (pl.col("cents").fill_null(0) / 100).alias("spend_local"),
    )


def carts(sim: Simulation) -> pl.DataFrame:
    frame = sim.web.carts
    outcome = (
        pl.when(pl.col("reached") == 4)
        .then(pl.lit("purchased"))
        .when("recovered")
        .then(pl.lit("recovered"))
        .otherwise(pl.lit("abandoned"))
    )
    named = sim.orders.orders.filter(pl.col("c") >= 0).select("c", "order_name")
    return frame.join(named, on="c", how="left", maintain_order="left").select(
        "cart_token",
        sim.people["person_id"].gather(frame["p"]).alias("person_id"),
        sim.devices.devices["device_id"].gather(sim.sessions.sessions["d"].gather(frame["s"])).alias("device_id"),
        pl.Series("region", REGION_NAMES).gather(frame["region_no"]),
        pl.Series("need", NEEDS).gather(frame["need_no"]),
        pl.Series("product_line", LINES).gather(frame["line_no"]),
        pl.col("add_us").cast(pl.Datetime("us")).alias("created_at"),
        pl.Series("currency", [r.currency for r in REGIONS]).gather(frame["region_no"]),
        (pl.col("subtotal") / 100).alias("subtotal"),
        (pl.col("discount") / 100).alias("discount"),
        (pl.col("fee") / 100).alias("fee"),
        "tier",
        "topped_up",
        "logged_in",
        "mobile",
        pl.Series("reached", STEPS).gather(frame["reached"]),
        outcome.alias("outcome"),
        pl.Series("cause", CAUSES).gather(frame["cause_no"]),
        "order_name",
        pl.col("fee_exposed").alias("met_shipping_fee"),
        *[pl.col(name).alias(f"met_{name}") for name in effects.OBSTACLES],
        "p_leave_form",
        "p_leave_after_shipping",
    )


def journeys(sim: Simulation) -> pl.DataFrame:
    """One row per purchase intent: what it was, on which channel, with which planted pattern, and how it ended."""
    frame = sim.trips.trips
    t = frame["t"].to_numpy()
    webroomed = np.isin(t, sim.roomers.webroomed["t"].to_numpy())
    carts_frame = sim.web.carts
    showroomed = np.isin(
        t, carts_frame["t"].to_numpy()[np.isin(carts_frame["c"].to_numpy(), sim.roomers.showroomed["c"].to_numpy())]
    )
    order = carts_frame.join(sim.orders.orders.filter(pl.col("c") >= 0).select("c", "order_name"), on="c").select(
        "t", pl.col("order_name").alias("purchase")
    )
    receipt = sim.stores.receipts.filter(pl.col("kind") == "sale").select("t", pl.col("receipt_no").alias("purchase"))
    frame = frame.with_columns(
        pl.Series("webroomed", webroomed),
        pl.Series("showroomed", showroomed),
        sim.people["person_id"].gather(frame["p"]).alias("person_id"),
        pl.Series("product_line", LINES).gather(frame["line_no"]),
    )
    frame = frame.join(pl.concat([order, receipt]), on="t", how="left", maintain_order="left")
    return frame.select(
        "person_id",
        pl.lit(pl.Series(["web", "app", "store"])).gather("channel").alias("channel"),
        "product_line",
        pl.col("at_us").cast(pl.Datetime("us")).alias("started_at"),
        "webroomed",
        "showroomed",
        "purchase",
    )


def tickets(sim: Simulation) -> pl.DataFrame:
    frame = sim.support.tickets
    return frame.select(
        "ticket_id",
        sim.people["person_id"].gather(frame["p"]).alias("person_id"),
        pl.Series("region", REGION_NAMES).gather(frame["region_no"]),
        pl.Series("topic", TOPICS).gather(frame["topic_no"]),
        "team",
        "week",
        "outage_before",
        "rating",
        "is_repeat",
    )


def texts(sim: Simulation) -> pl.DataFrame:
    """Language, topic and mood of every text."""
    reviews, answers, asked = (
        sim.feedback.reviews,
        sim.feedback.answers.filter(pl.col("text").is_not_null()),
        sim.support.tickets,
    )
    kind = (
        pl.when(pl.col("kind") == "service")
        .then(pl.format("trustpilot:SR{}", "review_no"))
        .otherwise(pl.format("trustpilot:PR{}", "review_no"))
    )
    parts = [
        reviews.select(kind.alias("text_id"), "language_no", "topic_no", "good"),
        answers.select(
            pl.format("qualtrics:R_{}", pl.col("response_no") + 1_000_000).alias("text_id"),
            "language_no",
            "topic_no",
            "good",
        ),
        asked.select(
            pl.format("zendesk:{}", "ticket_id").alias("text_id"),
            "language_no",
            "topic_no",
            pl.lit(False).alias("good"),
        ),
    ]
    frame = pl.concat(parts)
    return frame.select(
        "text_id",
        pl.Series("language", LANGUAGES).gather(frame["language_no"]),
        pl.Series("topic", TOPICS).gather(frame["topic_no"]),
        "good",
    )
