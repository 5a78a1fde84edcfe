"""HubSpot CSV exports: contacts with duplicates and merge history, companies, deals, consents."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth import effects, names, records
from pipelines.synth.base import DAY, END_US, FIRST_LOCAL, HOUR, REGIONS
from pipelines.synth.orders import DEAL_STAGES
from pipelines.synth.output import Output, iso, money
from pipelines.synth.people import company_domain, company_name
from pipelines.synth.simulation import Simulation

COMPANY = 5_000_000
DEAL = 9_000_000
MERGED_SHARE = 0.025
DUPLICATE_SHARE = 0.015
STATE_SHARE = 0.64
"""Contacts with a state: the form of the shop does not ask for it, agents and imports fill it in."""


def write(out: Output, sim: Simulation) -> None:
    rng = sim.chunk.rng("hubspot")
    suffix = sim.chunk.suffix
    first, late = _contacts(rng, sim)
    broken = [",".join(["99", "yesterday", *[""] * (len(first.columns) - 2)]), ",".join(["9"] * 40)]
    out.csv(f"hubspot/contacts{suffix}.csv", first, broken=broken if sim.chunk.index == 0 else ())
    if len(late):
        out.csv(f"hubspot/contacts_late{suffix}.csv", late)
    out.csv(f"hubspot/companies{suffix}.csv", _companies(rng, sim))
    out.csv(f"hubspot/deals{suffix}.csv", _deals(sim))
    out.csv(f"hubspot/consents{suffix}.csv", _consents(rng, sim))


def duplicates(sim: Simulation) -> tuple[np.ndarray, np.ndarray]:
    """Persons with a second contact the CRM has merged, and those with one it has not."""
    rng = sim.chunk.rng("hubspot duplicates")
    order = rng.permutation(np.flatnonzero(sim.people["in_crm"].to_numpy()))
    merged, loose = round(len(order) * MERGED_SHARE), round(len(order) * DUPLICATE_SHARE)
    return np.sort(order[:merged]), np.sort(order[merged : merged + loose])


def _contacts(rng: np.random.Generator, sim: Simulation) -> tuple[pl.DataFrame, pl.DataFrame]:
    merged, loose = duplicates(sim)
    base = np.flatnonzero(sim.people["in_crm"].to_numpy())
    rows = np.concatenate([base, merged, loose])
    twin = np.concatenate([np.zeros(len(base), dtype=int), np.ones(len(merged) + len(loose), dtype=int)])
    frame = _described(rng, sim, rows, twin)
    survivor = pl.col("p").is_in(merged.tolist()) & (pl.col("twin") == 0)
    frame = frame.with_columns(
        pl.Series("u", rng.random(len(frame))), pl.Series("gap", rng.integers(30, 500, len(frame)) * DAY)
    )
    changed = (pl.col("created_us") + pl.col("gap")).clip(upper_bound=END_US - HOUR)
    is_late = survivor | (pl.col("u") < effects.LATE_CONTACTS)
    merged_ids = pl.when(survivor).then((pl.col("contact_id") + 1).cast(pl.String))
    stage = pl.when(pl.col("lifecyclestage") == "lead").then(pl.lit("customer")).otherwise("lifecyclestage")
    later = frame.filter(is_late).with_columns(
        changed.alias("changed_us"), merged_ids.alias("hs_merged_object_ids"), stage.alias("lifecyclestage")
    )
    first = frame.with_columns(
        pl.when(is_late).then("created_us").otherwise(changed).alias("changed_us"),
        pl.lit(None, dtype=pl.String).alias("hs_merged_object_ids"),
    )
    return first.select(_contact_columns()), later.select(_contact_columns())


def _described(rng: np.random.Generator, sim: Simulation, rows: np.ndarray, twin: np.ndarray) -> pl.DataFrame:
    people = sim.people[rows]
    n = len(people)
    region = people["region_no"].to_numpy()
    age_years = 2026 - people["birth_date"].dt.year().to_numpy()
    corporate = (people["kind"] == "corporate").to_numpy()
    frame = people.select(
        "p", "person_id", "company_no", "card", "gender", "children", "household_size", "is_staff", "kind"
    ).with_columns(
        pl.Series("twin", twin),
        records.typed_email(rng, people["email"], typos=0.02).alias("email"),
        records.typed_name(rng, people["given_name"]).alias("firstname"),
        records.typed_name(rng, people["family_name"]).alias("lastname"),
        records.typed_phone(rng, people, missing=0.30, landline=0.25).alias("phone"),
        records.typed_phone(rng, people, missing=0.45, landline=0.0).alias("mobilephone"),
        pl.Series("birth", people["birth_date"]),
        pl.Series("hs_language", [r.language for r in REGIONS]).gather(region),
        pl.Series("band", rng.integers(0, 3, n) + np.clip(age_years // 18, 0, 3)),
        pl.Series("a", rng.random(n)),
        pl.Series("b", rng.random(n)),
        pl.Series("knows_state", rng.random(n) < STATE_SHARE),
        pl.Series("job", names.JOB_TITLES).gather(rng.integers(0, len(names.JOB_TITLES), n)),
        pl.Series("education", names.EDUCATION).gather(rng.integers(0, len(names.EDUCATION), n)),
        pl.Series("occupation", names.OCCUPATIONS).gather(rng.integers(0, len(names.OCCUPATIONS), n)),
        pl.Series(
            "created_us",
            np.minimum(
                people["joined_us"].to_numpy() + rng.integers(0, 60, n) * DAY + twin * 45 * DAY, END_US - 2 * HOUR
            ),
        ),
        pl.Series("corporate", corporate),
        people["has_card"].alias("has_card"),
        people["has_account"].alias("has_account"),
        pl.Series(
            "active",
            np.isin(rows, sim.orders.orders["p"].to_numpy()) | np.isin(rows, sim.stores.receipts["p"].to_numpy()),
        ),
    )
    place = records.address(people)
    frame = pl.concat([frame, place], how="horizontal")
    # a duplicate was typed in again: another address of the same person, the same mobile
    other = pl.format(
        "{}.{}{}@{}",
        pl.col("firstname").str.slice(0, 1).str.to_lowercase(),
        pl.lit("private"),
        "person_id",
        pl.lit(names.EMAIL_PROVIDERS[0]),
    )
    is_twin = pl.col("twin") == 1
    contact = records.hubspot_id(pl.col("person_id")) + pl.col("twin")
    return frame.with_columns(
        contact.alias("contact_id"),
        pl.when(is_twin).then(other).otherwise("email").alias("email"),
        pl.when(is_twin).then(people["mobile"]).otherwise("mobilephone").alias("mobilephone"),
        pl.when("active")
        .then(pl.lit("customer"))
        .when(pl.col("a") < 0.5)
        .then(pl.lit("lead"))
        .otherwise(pl.lit("subscriber"))
        .alias("lifecyclestage"),
        pl.lit(pl.Series(names.INCOME_BANDS)).gather(pl.col("band").clip(0, 5)).alias("income"),
    )


def _contact_columns() -> list[pl.Expr | str]:
    declared = pl.col("b") < 0.45
    connector = pl.col("has_account") & (pl.col("a") < 0.6) & (pl.col("twin") == 0)
    person = pl.col("person_id")
    return [
        pl.col("contact_id").alias("hs_object_id"),
        iso("created_us").alias("createdate"),
        iso("changed_us").alias("lastmodifieddate"),
        "email",
        pl.when((pl.col("a") > 0.97) & (pl.col("twin") == 0))
        .then(pl.format("alt.{}@{}", person, pl.lit(names.EMAIL_PROVIDERS[1])))
        .alias("hs_additional_emails"),
        "firstname",
        "lastname",
        pl.when(pl.col("gender") == "female")
        .then(pl.lit("Mrs"))
        .when(pl.col("gender") == "male")
        .then(pl.lit("Mr"))
        .alias("salutation"),
        "phone",
        "mobilephone",
        pl.when(pl.col("b") < 0.7).then(pl.col("birth").dt.strftime("%Y-%m-%d")).alias("date_of_birth"),
        pl.when(pl.col("b") < 0.8).then("gender").alias("gender"),
        "hs_language",
        pl.col("street").alias("address"),
        "city",
        "zip",
        pl.when("knows_state").then(pl.col("city").replace_strict(names.STATES)).alias("state"),
        pl.when(pl.col("a") < 0.5).then("country").otherwise("country_code").alias("country"),
        "lifecyclestage",
        pl.when(pl.col("a") < 0.4)
        .then(pl.lit("ORGANIC_SEARCH"))
        .when(pl.col("a") < 0.7)
        .then(pl.lit("DIRECT_TRAFFIC"))
        .otherwise(pl.lit("OFFLINE"))
        .alias("hs_analytics_source"),
        pl.when(pl.col("company_no") >= 0)
        .then(pl.col("company_no") + COMPANY + (person - pl.col("p")))
        .alias("associatedcompanyid"),
        pl.when("corporate").then("job").alias("jobtitle"),
        pl.when(pl.col("has_card") & ((pl.col("b") < 0.75) | (pl.col("twin") == 1))).then("card").alias("loyalty_card"),
        pl.when(connector).then(records.shopify_id(person).cast(pl.String)).alias("shopify_customer_id"),
        pl.when(declared).then("income").alias("income_band"),
        pl.when(declared).then("education").alias("education"),
        pl.when(declared).then("occupation").alias("occupation"),
        pl.when(declared)
        .then(pl.col("children") + 1 + (pl.col("kind") == "family").cast(pl.Int64))
        .alias("household_size"),
        pl.when(declared).then("children").alias("children"),
        pl.when(declared).then(pl.col("a") < 0.55).alias("home_owner"),
        "hs_merged_object_ids",
        "is_staff",
    ]


def _companies(rng: np.random.Generator, sim: Simulation) -> pl.DataFrame:
    first = (
        sim.people.filter(pl.col("company_no") >= 0)
        .unique("company_no", keep="first", maintain_order=True)
        .sort("company_no")
    )
    n = len(first)
    start = sim.chunk.start
    staff = np.exp(rng.normal(3.6, 1.2, n)).astype(int) + 2
    place = records.address(first)
    tech = [pl.lit(pl.Series(names.TECHNOLOGIES)).gather(pl.Series(rng.integers(0, 8, n))) for _ in range(2)]
    created = np.minimum(first["joined_us"].to_numpy(), END_US - 2 * HOUR)
    frame = pl.concat([first.select("company_no", "landline"), place], how="horizontal").with_columns(
        pl.Series("staff", staff),
        pl.Series("revenue", staff * rng.integers(60_000, 240_000, n)),
        pl.Series("created_us", created),
        pl.Series("changed_us", np.minimum(created + rng.integers(1, 300, n) * DAY, END_US - HOUR)),
        pl.Series("founded", rng.integers(1950, 2022, n)),
        pl.Series("public", rng.random(n) < 0.06),
        pl.Series("group", rng.random(n) < 0.05),
    )
    number = pl.col("company_no") + start
    return frame.select(
        (number + COMPANY).alias("hs_object_id"),
        company_name(pl.col("company_no"), start).alias("name"),
        company_domain(pl.col("company_no"), start).alias("domain"),
        pl.lit(pl.Series(names.INDUSTRIES)).gather(number // 7 % len(names.INDUSTRIES)).alias("industry"),
        pl.col("staff").alias("numberofemployees"),
        pl.format("{}.00", "revenue").alias("annualrevenue"),
        pl.col("public").alias("is_public"),
        pl.col("founded").alias("founded_year"),
        pl.concat_str(*tech, separator=";").alias("web_technologies"),
        pl.when(pl.col("group") & (pl.col("company_no") > 0)).then(start + COMPANY).alias("hs_parent_company_id"),
        pl.col("street").alias("address"),
        "city",
        "zip",
        "country",
        pl.col("landline").alias("phone"),
        iso("created_us").alias("createdate"),
        iso("changed_us").alias("hs_lastmodifieddate"),
    )


def _deals(sim: Simulation) -> pl.DataFrame:
    people = sim.people
    frame = sim.orders.deals.with_columns(
        people["person_id"].gather(sim.orders.deals["p"]),
        people["company_no"].gather(sim.orders.deals["p"]),
        pl.Series("currency", [r.currency for r in REGIONS]).gather(people["region_no"].gather(sim.orders.deals["p"])),
        pl.Series("stage", DEAL_STAGES).gather(sim.orders.deals["stage_no"]),
        pl.max_horizontal("created_us", "closed_us").alias("changed_us"),
    )
    start = sim.chunk.start
    return frame.select(
        (pl.col("deal_no").cast(pl.Int64) + DEAL + sim.chunk.index * records.CHUNK_STRIDE).alias("hs_object_id"),
        pl.format("{} furnishing", company_name(pl.col("company_no"), start)).alias("dealname"),
        pl.lit("default").alias("pipeline"),
        pl.col("stage").alias("dealstage"),
        money(pl.col("amount")).alias("amount"),
        pl.col("currency").alias("deal_currency_code"),
        iso("created_us").alias("createdate"),
        iso("closed_us").alias("closedate"),
        iso("changed_us").alias("hs_lastmodifieddate"),
        (pl.col("stage") == "closedwon").alias("hs_is_closed_won"),
        (pl.col("company_no") + start + COMPANY).alias("associatedcompanyid"),
        records.hubspot_id(pl.col("person_id")).alias("associatedcontactid"),
        (pl.col("deal_no") % 7 + 501).alias("hubspot_owner_id"),
    )


def _consents(rng: np.random.Generator, sim: Simulation) -> pl.DataFrame:
    """What was agreed to when the contact was made, and what the e-mail tool's unsubscribes changed."""
    known = sim.people.filter("in_crm")
    n = len(known)
    base = known.select("p", "person_id", "email", "email_opt_in", "sms_opt_in").with_columns(
        pl.Series(
            "at_us",
            np.maximum(np.minimum(known["joined_us"].to_numpy() + 5 * HOUR, END_US - HOUR), FIRST_LOCAL - 2000 * DAY),
        ),
        pl.Series("u", rng.random(n)),
        pl.Series("v", rng.random(n)),
    )

    def status(yes: pl.Expr) -> pl.Expr:
        return pl.when(yes).then(pl.lit("SUBSCRIBED")).otherwise(pl.lit("NOT_SPECIFIED")).alias("status")

    keep = ["p", "person_id", "email", "at_us"]
    parts = [
        base.select(
            *keep, pl.lit("marketing").alias("name"), pl.lit("email").alias("channel"), status(pl.col("email_opt_in"))
        ),
        base.select(
            *keep, pl.lit("marketing").alias("name"), pl.lit("sms").alias("channel"), status(pl.col("sms_opt_in"))
        ),
        base.select(
            *keep, pl.lit("profiling").alias("name"), pl.lit("email").alias("channel"), status(pl.col("u") < 0.55)
        ),
        base.select(
            *keep, pl.lit("research").alias("name"), pl.lit("email").alias("channel"), status(pl.col("v") < 0.6)
        ),
    ]
    left = (
        sim.touches.filter(pl.col("unsubscribe_us") > 0)
        .group_by("p", "by_sms", maintain_order=True)
        .agg(pl.col("unsubscribe_us").min().alias("left_us"))
    )
    left = left.join(base.select("p", "person_id", "email"), on="p", maintain_order="left")
    gone = left.select(
        "p",
        "person_id",
        "email",
        pl.col("left_us").alias("at_us"),
        pl.lit("marketing").alias("name"),
        pl.when("by_sms").then(pl.lit("sms")).otherwise(pl.lit("email")).alias("channel"),
        pl.lit("UNSUBSCRIBED").alias("status"),
    )
    rows = pl.concat([*parts, gone]).sort("p", "name", "channel", "at_us", maintain_order=True)
    return rows.select(
        records.hubspot_id(pl.col("person_id")).alias("contact_id"),
        "email",
        pl.col("name").alias("subscription_name"),
        "channel",
        "status",
        pl.lit("CONSENT_WITH_NOTICE").alias("legal_basis"),
        pl.when(pl.col("status") == "UNSUBSCRIBED")
        .then(pl.lit("Unsubscribe link"))
        .otherwise(pl.lit("Account form"))
        .alias("legal_basis_explanation"),
        iso("at_us").alias("updated_at"),
    )
