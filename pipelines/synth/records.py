"""How a system spells a person: its ids, typos, upper and lower case, phone notations (effect 7).

Belongs here: expressions and helpers that turn true attributes into recorded ones. Stays out: which rows exist.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth import effects, names
from pipelines.synth.base import REGIONS, Array

SHOPIFY_CUSTOMER = 6_100_000_000_000
SHOPIFY_ORDER = 5_400_000_000_000
SHOPIFY_CHECKOUT = 3_300_000_000_000
ZENDESK_USER = 360_100_000_000
ZENDESK_AGENT = 360_000_000_000
HUBSPOT_CONTACT = 1_000_000
CHUNK_STRIDE = 1_000_000
"""Numbers a chunk may give to its orders, tickets, receipts and the like."""


def shopify_id(person: pl.Expr) -> pl.Expr:
    return person * 37 + SHOPIFY_CUSTOMER


def zendesk_id(person: pl.Expr) -> pl.Expr:
    return person * 13 + ZENDESK_USER


def hubspot_id(person: pl.Expr) -> pl.Expr:
    """Even: the contact itself; the next odd number is its duplicate."""
    return person * 2 + HUBSPOT_CONTACT


def klaviyo_id(person: pl.Expr) -> pl.Expr:
    return pl.format("01HMK{}", person.cast(pl.String).str.zfill(9))


def typed_email(rng: np.random.Generator, email: pl.Series, *, typos: float = 0.015, upper: float = 0.04) -> pl.Series:
    """An e-mail as typed: some in capitals or with a capital first letter, some with the second letter missing."""
    u = pl.Series(rng.random(len(email)))
    frame = pl.DataFrame({"e": email, "u": u})
    e = pl.col("e")
    return frame.select(
        pl.when(pl.col("u") < typos)
        .then(e.str.slice(0, 1) + e.str.slice(2))
        .when(pl.col("u") < typos + upper)
        .then(e.str.to_uppercase())
        .when(pl.col("u") < typos + 2 * upper)
        .then(e.str.slice(0, 1).str.to_uppercase() + e.str.slice(1))
        .otherwise(e)
        .alias("e")
    )["e"]


def typed_name(rng: np.random.Generator, name: pl.Series, *, typos: float = 0.02) -> pl.Series:
    """A name as typed: capitals, lower case, two letters swapped, a blank too many."""
    frame = pl.DataFrame({"n": name, "u": rng.random(len(name))})
    n = pl.col("n")
    return frame.select(
        pl.when(pl.col("u") < typos)
        .then(n.str.slice(0, 1) + n.str.slice(2, 1) + n.str.slice(1, 1) + n.str.slice(3))
        .when(pl.col("u") < typos + 0.03)
        .then(n.str.to_uppercase())
        .when(pl.col("u") < typos + 0.06)
        .then(n.str.to_lowercase())
        .when(pl.col("u") < typos + 0.07)
        .then(n + " ")
        .otherwise(n)
        .alias("n")
    )["n"]


def typed_phone(rng: np.random.Generator, people: pl.DataFrame, *, missing: float, landline: float = 0.12) -> pl.Series:
    """The mobile (or the household's landline) in one of four notations, the default number, or nothing."""
    n = len(people)
    trunk = pl.Series(["" if r.country == "ES" else "0" for r in REGIONS]).gather(people["region_no"])
    frame = people.select(
        "mobile_dial", "mobile_prefix", "mobile_rest", "landline_prefix", "landline_rest"
    ).with_columns(
        trunk.alias("trunk"),
        pl.Series("line", rng.random(n) < landline),
        pl.Series("u", rng.random(n)),
        pl.Series("style", rng.integers(0, 4, n)),
    )
    prefix = pl.when("line").then("landline_prefix").otherwise("mobile_prefix")
    rest = pl.when("line").then("landline_rest").otherwise("mobile_rest")
    number = (
        pl.when(pl.col("style") == 0)
        .then(pl.format("+{}{}{}", "mobile_dial", prefix, rest))
        .when(pl.col("style") == 1)
        .then(pl.format("00{} {} {}", "mobile_dial", prefix, rest))
        .when(pl.col("style") == 2)
        .then(pl.format("{}{}/{}", "trunk", prefix, rest))
        .otherwise(pl.format("+{} ({}) {} {}", "mobile_dial", prefix, rest.str.slice(0, 3), rest.str.slice(3)))
    )
    return frame.select(
        pl.when(pl.col("u") < missing)
        .then(None)
        .when(pl.col("u") > 0.982)
        .then(pl.lit(effects.DEFAULT_PHONE))
        .otherwise(number)
        .alias("phone")
    )["phone"]


def address(people: pl.DataFrame) -> pl.DataFrame:
    """street, city, zip, country_code, country of each person, in order."""
    region = people["region_no"].to_numpy()
    streets: list[str] = []
    cities: list[str] = []
    street_start, street_size, city_start = [], [], []
    for r in REGIONS:
        street_start.append(len(streets))
        street_size.append(len(names.STREETS[r.language]))
        streets += names.STREETS[r.language]
        city_start.append(len(cities))
        cities += names.CITIES[r.name]
    street = np.array(street_start)[region] + people["street_no"].to_numpy() % np.array(street_size)[region]
    city = np.array(city_start)[region] + people["city_no"].to_numpy()
    zips = np.array([names.ZIP_START[r.name] for r in REGIONS])[region] + people["zip_no"].to_numpy()
    frame = pl.DataFrame(
        {
            "street": pl.Series(streets).gather(street),
            "number": people["house_number"],
            "city": pl.Series(cities).gather(city),
            "z": zips,
            "country_code": pl.Series([r.country for r in REGIONS]).gather(region),
            "country": pl.Series([r.country_name for r in REGIONS]).gather(region),
        }
    )
    british = pl.col("country_code") == "GB"
    british_zip = pl.format("{}{} {}HM", pl.col("city").str.slice(0, 1), pl.col("z") // 90 + 1, pl.col("z") % 9 + 1)
    return frame.select(
        pl.when(british)
        .then(pl.format("{} {}", "number", "street"))
        .otherwise(pl.format("{} {}", "street", "number"))
        .alias("street"),
        "city",
        pl.when(british).then(british_zip).otherwise(pl.col("z").cast(pl.String)).alias("zip"),
        "country_code",
        "country",
    )


def take(frame: pl.DataFrame, rows: Array) -> pl.DataFrame:
    """Rows of a frame by number, repeated as asked."""
    return frame[rows.astype(np.int64)]
