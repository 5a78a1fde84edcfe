"""Effect 6 in twenty companies: who looks on one side and buys on the other, above chance.

The companies are the generator's own visits, orders and receipts, without the exports around them; the model of the
warehouse is run on them as it stands. Whose a visit or a receipt is, a login, a card or an address tells, or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import jinja2
import numpy as np
import polars as pl
import pytest

from pipelines.analytics.journey.channels import ROOMING, rooming_rows
from pipelines.settings import PROJECT_ROOT
from pipelines.synth import effects
from pipelines.synth.base import DAY, LINES, REGION_NAMES, Chunk
from pipelines.synth.catalogue import world
from pipelines.synth.simulation import Simulation, simulate

SEEDS = range(1, 21)
CUSTOMERS = 3000
TOLERANCE = 0.015
DAYS_BEFORE_LOGIN = 30
"""So long before its first login a device is already the person's, as in the warehouse."""
PLANTED = {"webrooming": effects.WEBROOMER_SHARE, "showrooming": effects.SHOWROOMER_SHARE}
MODEL = PROJECT_ROOT / "dbt_project" / "models" / "marts" / "journey" / "fct_cross_channel_purchases.sql"
SQL = jinja2.Environment(autoescape=False).from_string(MODEL.read_text()).render(ref=lambda name: name)


def _at(column: str = "at_us") -> pl.Expr:
    return pl.col(column).cast(pl.Datetime("us"))


def _customer(column: str = "p") -> pl.Expr:
    return pl.col(column).cast(pl.String).alias("customer_id")


def _line() -> pl.Expr:
    return pl.lit(pl.Series(LINES)).gather("line_no").alias("product_line")


def purchases_of(made: Simulation) -> pl.DataFrame:
    """One row per order online and per receipt that tells who bought: its trip (t), order_id, p, channel, at_us."""
    online = made.orders.orders.filter(pl.col("c") >= 0).join(made.web.carts.select("c", "t"), on="c")
    is_known = pl.col("card").is_not_null() | pl.col("email").is_not_null()
    in_store = made.stores.receipts.filter((pl.col("kind") == "sale") & is_known)
    return pl.concat(
        [
            online.select(
                "t",
                pl.format("o{}", "o").alias("order_id"),
                "p",
                "at_us",
                pl.when(pl.col("source") == "web").then(pl.lit("web")).otherwise(pl.lit("app")).alias("channel"),
                (~pl.col("cancelled")).alias("is_valid"),
            ),
            in_store.select(
                "t",
                pl.format("r{}", "r").alias("order_id"),
                "p",
                "at_us",
                pl.lit("store").alias("channel"),
                pl.lit(value=True).alias("is_valid"),
            ),
        ]
    )


def lines_of(made: Simulation) -> pl.DataFrame:
    items = made.orders.items.select(pl.format("o{}", "o").alias("order_id"), "line_no", "price", "quantity")
    sold = made.stores.lines.select(pl.format("r{}", "r").alias("order_id"), "line_no", "price", "quantity")
    return pl.concat([items, sold]).select(
        "order_id", _line(), (pl.col("price") * pl.col("quantity") / 100).alias("net_amount_reporting")
    )


def looks_of(made: Simulation) -> pl.DataFrame:
    """Product pages and store visits of known people: who shows a card, and whose login the device had last.

    Some days before its first login a device is that person's too.
    """
    sessions = made.sessions.sessions
    pages = (
        made.web.events.filter(pl.col("name") == "view_item")
        .join(sessions.select("s", "d"), on="s")
        .join(made.world.products.select("sku_no", "line_no"), on="sku_no")
    )
    logins = sessions.filter("logged_in").select("d", pl.col("start_us").alias("at_us"), pl.col("p").alias("login"))
    moments = pl.concat(
        [
            logins,
            pages.select("d", "at_us", "line_no", pl.lit("product_page").alias("touchpoint")),
            made.stores.visits.select(
                "d",
                "at_us",
                "line_no",
                pl.lit("store_visit").alias("touchpoint"),
                pl.when("with_card").then("p").alias("card"),
            ),
        ],
        how="diagonal_relaxed",
    ).sort("at_us", maintain_order=True)
    first_at = pl.when(pl.col("login").is_not_null()).then("at_us").min().over("d")
    soon = pl.when(pl.col("at_us") >= first_at - DAYS_BEFORE_LOGIN * DAY).then(
        pl.col("login").backward_fill().over("d")
    )
    known = moments.with_columns(pl.coalesce("card", pl.col("login").forward_fill().over("d"), soon).alias("p"))
    return known.filter(pl.col("p").is_not_null() & (pl.col("line_no") >= 0)).select(
        _customer(),
        _at().alias("event_at"),
        "touchpoint",
        _line(),
        pl.lit(value=False).alias("is_bot"),
        pl.lit(value=False).alias("is_staff"),
    )


def frames_of(made: Simulation) -> dict[str, pl.DataFrame]:
    """What the model reads, by table."""
    customers = made.people.select(
        _customer(),
        pl.lit(pl.Series(REGION_NAMES)).gather("region_no").alias("region"),
        "is_staff",
        pl.lit(value=True).alias("is_identified"),
    )
    orders = purchases_of(made).with_columns(
        _customer(), _at().alias("ordered_at"), _at().dt.date().alias("order_date")
    )
    return {
        "fct_orders": orders.join(customers.select("customer_id", "region"), on="customer_id"),
        "fct_order_lines": lines_of(made),
        "fct_events": looks_of(made),
        "dim_customers": customers,
    }


@dataclass(frozen=True)
class Company:
    bought: pl.DataFrame
    """The model's rows, with ``is_planted``: a look was planted before the purchase."""
    customers: pl.DataFrame

    def row(self, measure: str) -> dict[str, Any]:
        """What is published of a measure for the whole company."""
        rows = pl.concat(rooming_rows(self.bought, self.customers), how="diagonal_relaxed")
        (found,) = rows.filter(pl.col("measure") == measure, pl.col("breakdown") == "company").to_dicts()
        return found

    def on_record(self, behaviour: str) -> pl.DataFrame:
        """Purchases with a planted look of which both are on record, nothing of the line bought in between."""
        return self.bought.filter("is_planted", "is_carried_over", pl.col("behaviour") == behaviour)


def company(seed: int) -> Company:
    made = simulate(Chunk(seed, 0, 0, CUSTOMERS, 1), world(seed))
    showroomed = made.web.carts.join(made.roomers.showroomed.select("c"), on="c")["t"]
    planted = pl.concat([made.roomers.webroomed["t"], showroomed])
    frames = frames_of(made)
    with duckdb.connect() as con:
        for name, frame in frames.items():
            con.register(name, frame.to_arrow())
        found = con.sql(SQL).pl()
    trips = frames["fct_orders"].select("order_id", pl.col("t").is_in(planted.implode()).alias("is_planted"))
    return Company(found.join(trips, on="order_id"), frames["dim_customers"])


@pytest.fixture(scope="module")
def companies() -> list[Company]:
    return [company(seed) for seed in SEEDS]


@pytest.mark.parametrize("behaviour", ROOMING)
def test_shares_of_customers_are_the_planted_ones(companies: list[Company], behaviour: str) -> None:
    found = [each.row(ROOMING[behaviour][0]) for each in companies]
    assert np.mean([abs(row["value"] - PLANTED[behaviour]) <= TOLERANCE for row in found]) >= 0.9
    assert np.mean([row["lo"] <= PLANTED[behaviour] <= row["hi"] for row in found]) >= 0.9


@pytest.mark.parametrize("behaviour", ROOMING)
def test_intervals_cover_what_is_on_record(companies: list[Company], behaviour: str) -> None:
    of_people, of_purchases, _ = ROOMING[behaviour]
    people, purchases = [], []
    for each in companies:
        real, row = each.on_record(behaviour), each.row(of_people)
        away = row["value"] - real["customer_id"].n_unique() / row["n"]
        people.append((away, row["lo"] <= row["value"] - away <= row["hi"]))
        row = each.row(of_purchases)
        share = real.height / each.bought.filter(pl.col("behaviour") == behaviour).height
        purchases.append(row["lo"] <= share <= row["hi"])
    assert np.mean([is_covered for _, is_covered in people]) >= 0.9
    assert np.mean(purchases) >= 0.9
    assert abs(np.mean([away for away, _ in people])) < 0.01


def without_planted(made: Company) -> Company:
    """The same company without those who look on one side in order to buy on the other."""
    planted = made.bought.filter("is_planted").select("customer_id").unique()
    return Company(
        made.bought.join(planted, on="customer_id", how="anti"),
        made.customers.join(planted, on="customer_id", how="anti"),
    )


def test_without_intent_chance_is_all_there_is_but_for_the_interest_of_a_season(companies: list[Company]) -> None:
    """What a person is after in a quarter is looked at and bought alike: one window earlier, some have not begun."""
    others = [without_planted(each) for each in companies]
    showroomers = [each.row("showroomer_share") for each in others]
    assert np.mean([row["lo"] <= 0 <= row["hi"] for row in showroomers]) >= 0.9
    assert max(each.row("webroomer_share")["value"] for each in others) < 0.025
