"""What the company has: products, stores, staff, support teams with their weekly roster, campaigns.

Belongs here: everything that does not depend on the number of customers. Stays out: any vendor's format.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.synth import names
from pipelines.synth.base import DAY, EPOCH_DAY, FIRST_DAY, FIRST_LOCAL, HOUR, LAST_DAY, LINES, N_DAYS, REGIONS, Array

PRODUCTS_PER_LINE = 24
_PRICE_RANGE = {
    "Sofas": (12, 2190),
    "Lighting": (7, 590),
    "Kitchen": (8, 690),
    "Textiles": (9, 520),
    "Garden": (8, 1290),
    "Balcony": (7, 790),
}
_NOUNS = {
    "Sofas": ("Throw", "Cushion", "Footstool", "Armchair", "Loveseat", "Sofa", "Corner Sofa", "Daybed"),
    "Lighting": ("Bulb Set", "Table Lamp", "Wall Light", "Floor Lamp", "Pendant", "Chandelier"),
    "Kitchen": ("Ladle", "Bowl Set", "Knife", "Pan", "Casserole", "Cutlery Set", "Espresso Pot"),
    "Textiles": ("Napkins", "Tea Towels", "Tablecloth", "Runner", "Curtain", "Duvet Cover", "Rug"),
    "Garden": ("Trowel", "Planter", "Lantern", "Bench", "Parasol", "Lounge Chair", "Dining Set"),
    "Balcony": ("Window Box", "Clip Lamp", "Folding Chair", "Bistro Table", "Privacy Screen", "Hanging Chair"),
}
_SERIES = ("Alma", "Bryn", "Cala", "Dune", "Elin", "Fjord", "Gale", "Hede", "Isla", "Juno", "Kelda", "Lund")
BRANDS = ("Halden", "Moor & Co", "Lindqvist", "Casa Vera", "Northfold", "Atelier Brun")
COLOURS = ("oak", "sand", "graphite", "moss", "terracotta", "ivory")
TEAMS = ("Team North", "Team South", "Team West", "Team East", "Team Alpine", "Team Business")
TOOL_OUTAGE_MINUTES = 90
COUPONS = ("", "WELCOME10", "HM10", "FREESHIP")


@dataclass(frozen=True)
class World:
    """The company: one frame per kind of thing, and arrays for fast look-up."""

    products: pl.DataFrame
    """One row per variant (SKU), sorted by line and price: sku_no, product_no, line_no, price in EUR cents, bulky."""
    stores: pl.DataFrame
    staff: pl.DataFrame
    agents: pl.DataFrame
    roster: pl.DataFrame
    """One row per agent and week."""
    outage: Array
    """Team × week: whether the team's tools were down that week."""
    campaigns: pl.DataFrame
    line_start: Array
    """First row of each line in ``products``, and the end."""
    log_price: Array


def world(seed: int) -> World:
    rng = np.random.default_rng([seed, 0x5EED])
    products = _products(rng)
    line_start = np.searchsorted(products["line_no"].to_numpy(), np.arange(len(LINES) + 1))
    stores = _stores()
    agents = _agents(rng)
    roster, outage = _roster(rng, agents)
    return World(
        products=products,
        stores=stores,
        staff=_staff(rng, stores),
        agents=agents,
        roster=roster,
        outage=outage,
        campaigns=_campaigns(rng),
        line_start=line_start,
        log_price=np.log(products["price"].to_numpy().astype(float)),
    )


def _products(rng: np.random.Generator) -> pl.DataFrame:
    rows = []
    for line_no, line in enumerate(LINES):
        low, high = _PRICE_RANGE[line]
        prices = np.exp(np.linspace(np.log(low), np.log(high), PRODUCTS_PER_LINE))
        for i, base in enumerate(prices):
            noun = _NOUNS[line][i * len(_NOUNS[line]) // PRODUCTS_PER_LINE]
            product_no = line_no * PRODUCTS_PER_LINE + i
            launched = -int(rng.integers(30, 1500)) if i % 5 else int(rng.integers(-400, 640))
            for v in range(int(rng.integers(1, 4))):
                price = round(base * (1 + 0.04 * v)) * 100 - (10 if base < 300 else 0)
                rows.append(
                    {
                        "line_no": line_no,
                        "price": price,
                        "product_no": product_no,
                        "variant_no": v,
                        "title": f"{_SERIES[(i * 5 + line_no) % len(_SERIES)]} {noun}",
                        "colour": COLOURS[(i + v) % len(COLOURS)],
                        "brand": BRANDS[(i * 7 + line_no) % len(BRANDS)],
                        "brand_no": (i * 7 + line_no) % len(BRANDS),
                        "cost_share": round(float(rng.uniform(0.42, 0.62)), 3),
                        "stock": int(rng.integers(0, 400)),
                        "launch_day": launched,
                    }
                )
    frame = pl.DataFrame(rows).sort("line_no", "price", "product_no", "variant_no")
    return frame.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("sku_no"),
        pl.format("HM-{}-{}-{}", pl.col("line_no") + 1, (pl.col("product_no") + 100), pl.col("variant_no") + 1).alias(
            "sku"
        ),
        pl.lit(pl.Series(LINES)).gather("line_no").alias("line"),
        (pl.col("line_no").is_in([0, 4]) & (pl.col("price") >= 15_000)).alias("bulky"),
        pl.format(
            "{}-{}", pl.col("title").str.to_lowercase().str.replace_all(" ", "-", literal=True), "product_no"
        ).alias("handle"),
    )


def _stores() -> pl.DataFrame:
    rows = []
    for number, region in enumerate(REGIONS):
        for k, city in enumerate(names.CITIES[region.name][: 4 if region.name in ("North", "South", "West") else 2]):
            rows.append(
                {
                    "store_id": f"S{number + 1}{k + 1:02d}",
                    "name": f"Halden & Moor {city}",
                    "region_no": number,
                    "region": region.name,
                    "country_code": region.country,
                    "city": city,
                    "zip": f"{names.ZIP_START[region.name] + 100 + k}"
                    if region.name != "West"
                    else f"{city[:1]}{k + 1} 2HM",
                    "time_zone": region.zone,
                    "currency": region.currency,
                    "phone": f"+{region.dial}{region.landline}"
                    + f"{5_550_100 + number * 10 + k}".zfill(region.landline_digits),
                    "opened_on": date(2012 + (number * 3 + k) % 9, 1 + (number + k * 4) % 12, 1),
                }
            )
    return pl.DataFrame(rows)


def _person_names(rng: np.random.Generator, language: str, size: int) -> list[tuple[str, str]]:
    given = (names.GIVEN[language]["female"] + " " + names.GIVEN[language]["male"]).split()
    family = names.FAMILY[language].split()
    return [(given[int(rng.integers(len(given)))], family[int(rng.integers(len(family)))]) for _ in range(size)]


def _staff(rng: np.random.Generator, stores: pl.DataFrame) -> pl.DataFrame:
    rows = []
    number = 0
    for store_id, region_no in stores.select("store_id", "region_no").iter_rows():
        for given, family in _person_names(rng, REGIONS[region_no].language, 6):
            left = rng.random() < 0.15
            rows.append(
                {
                    "staff_id": f"E{1001 + number}",
                    "store_id": store_id,
                    "name": f"{given} {family}",
                    "email": f"e{1001 + number}@haldenmoor.example",
                    "role": ("manager", "adviser", "adviser", "cashier", "cashier", "cashier")[number % 6],
                    "hired_on": FIRST_DAY - timedelta(days=int(rng.integers(40, 3000))),
                    "left_on": FIRST_DAY + timedelta(days=int(rng.integers(60, 700))) if left else None,
                }
            )
            number += 1
    return pl.DataFrame(rows, schema_overrides={"left_on": pl.Date})


def _agents(rng: np.random.Generator) -> pl.DataFrame:
    rows = []
    number = 0
    for team, label in enumerate(TEAMS):
        language = REGIONS[team].language if team < len(REGIONS) else "en"
        for given, family in _person_names(rng, language, 6):
            rows.append(
                {
                    "agent_no": number,
                    "team": team,
                    "group_name": label,
                    "name": f"{given} {family}",
                    "email": f"agent{number + 1}@haldenmoor.example",
                    "skill": float(rng.normal(0, 1)),
                }
            )
            number += 1
    return pl.DataFrame(rows)


def weeks() -> list[date]:
    """Mondays of the world's weeks, from the week of the first day."""
    monday = FIRST_DAY - timedelta(days=FIRST_DAY.weekday())
    return [monday + timedelta(days=7 * i) for i in range((LAST_DAY - monday).days // 7 + 1)]


def week_of(local: Array) -> Array:
    """Number of the week (Monday based) a local time lies in."""
    monday = (EPOCH_DAY - FIRST_DAY.weekday()) * DAY
    return (local - monday) // (7 * DAY)


def _roster(rng: np.random.Generator, agents: pl.DataFrame) -> tuple[pl.DataFrame, Array]:
    """Every agent's week: hours, minutes of tool outage (shared by the team), eNPS once a quarter, QA score."""
    mondays = weeks()
    outage = rng.random((len(TEAMS), len(mondays))) < 0.10
    n_agents, n_weeks = len(agents), len(mondays)
    agent = np.repeat(np.arange(n_agents), n_weeks)
    week = np.tile(np.arange(n_weeks), n_agents)
    team = agents["team"].to_numpy()[agent]
    skill = agents["skill"].to_numpy()[agent]
    down = outage[team, week]
    minutes = np.where(
        down, TOOL_OUTAGE_MINUTES + rng.exponential(60, len(agent)), rng.exponential(8, len(agent))
    ).round(1)
    enps = np.clip(np.round(7.4 + 0.6 * skill - 1.2 * down + rng.normal(0, 1.6, len(agent))), 0, 10).astype(int)
    frame = pl.DataFrame(
        {
            "agent_no": agent,
            "week": week,
            "week_start": pl.Series(mondays).gather(week),
            "scheduled_hours": rng.choice([24.0, 32.0, 38.5, 40.0], len(agent)),
            "tool_downtime_minutes": minutes,
            "enps_score": pl.Series(enps).cast(pl.Int64),
            "qa_score": np.clip(82 + 5 * skill + rng.normal(0, 5, len(agent)), 30, 100).round(1),
        }
    )
    asked = pl.col("week_start").dt.month().is_in([2, 5, 8, 11]) & (pl.col("week_start").dt.day() <= 7)
    frame = frame.with_columns(pl.when(asked).then("enps_score").alias("enps_score"))
    return frame.join(
        agents.select("agent_no", "team", "group_name", "name", "email"), on="agent_no", maintain_order="left"
    ), outage


def _campaigns(rng: np.random.Generator) -> pl.DataFrame:
    """A campaign every eight days or so; the subject variant a/b changes nothing."""
    days = np.arange(3, N_DAYS, 8)
    offers = ("none", "discount", "free_shipping", "news", "winback")
    rows = []
    for number, day in enumerate(days):
        offer = offers[int(rng.choice(5, p=[0.2, 0.3, 0.15, 0.25, 0.1]))]
        channel = "sms" if number % 9 == 4 else "email"
        sent = FIRST_DAY + timedelta(days=int(day))
        rows.append(
            {
                "campaign_no": number,
                "id": f"01HM{number:04d}C",
                "name": f"{sent:%Y%m%d}_{offer}_{channel}_{'ab'[number % 2]}",
                "channel": channel,
                "audience": "lapsed" if offer == "winback" else "all subscribers",
                "offer": offer,
                "day": int(day),
                "send_us": FIRST_LOCAL + int(day) * DAY + (9 if channel == "email" else 16) * HOUR,
                "cost": round(float(rng.uniform(180, 900)), 2),
                "subject": {
                    "none": "New at Halden & Moor",
                    "discount": "10 % off this week",
                    "free_shipping": "Free delivery until Sunday",
                    "news": "Ideas for your home",
                    "winback": "We miss you",
                }[offer],
            }
        )
    return pl.DataFrame(rows)
