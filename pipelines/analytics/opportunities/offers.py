"""Who may get an offer, and who is held out of it so that its result can be told.

Belongs here: the gates, the draw of the hold-out. Stays out: what the offer brought (offer_results.py), and sending.

Gates, each person stopping at the first that holds:

    no_consent          no marketing consent on the offer's channel (silence is none)
    open_ticket         waits for an answer: nobody is sold anything while a complaint is open
    recently_contacted  had a message within ``quiet_days``
    margin_floor        margin / net revenue less what the offer gives away is below the floor

The margin is the person's own where it is known, else the company's. Of those who pass, ``holdout_share`` is held out,
by a hash of offer and person: the same today and tomorrow, another for each offer, without a list anybody has to keep.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.analytics.carts.causes import margin_rate_of
from pipelines.analytics.tables import TABLES

OFFERED, HELD_OUT = "offered", "holdout"
GATES = ("no_consent", "open_ticket", "recently_contacted", "margin_floor")
STATUSES = (*GATES, HELD_OUT, OFFERED)


def draws(keys: pl.Series) -> NDArray[np.float64]:
    """A number of [0, 1) for each text, equal for equal texts on any machine and in any version.

    FNV-1a over the bytes, then the mixer of splitmix64: FNV alone leaves texts that differ at the end close together.
    The loop is over the places of a text, not over the texts.
    """
    raw = np.array(keys.cast(pl.Binary).to_list(), dtype=np.bytes_)
    letters = raw.view(np.uint8).reshape(len(raw), -1) if raw.size else np.empty((0, 0), np.uint8)
    found = np.full(len(raw), 0xCBF29CE484222325, dtype=np.uint64)
    for place in range(letters.shape[1]):
        letter = letters[:, place].astype(np.uint64)
        found = np.where(letter > 0, (found ^ letter) * np.uint64(0x100000001B3), found)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        found = (found ^ (found >> np.uint64(shift))) * np.uint64(factor)
    return (found ^ (found >> np.uint64(31))).astype(np.float64) / 2.0**64


def grouped(persons: pl.DataFrame) -> pl.DataFrame:
    """Add ``group``: holdout or offered, by offer_id, customer_id and holdout_share."""
    key = persons.select(pl.format("{}:{}", "offer_id", "customer_id"))["offer_id"]
    drawn = pl.Series("_draw", draws(key), pl.Float64)
    return persons.with_columns(
        pl.when(drawn < pl.col("holdout_share")).then(pl.lit(HELD_OUT)).otherwise(pl.lit(OFFERED)).alias("group")
    )


def audience(offers: pl.DataFrame, customers: pl.DataFrame, membership: pl.DataFrame) -> pl.DataFrame:
    """A row per offer and person of its segment: identified, no staff."""
    persons = customers.filter(pl.col("is_identified") & ~pl.col("is_staff"))
    members = membership.select("scheme_id", "segment_id", "customer_id")
    return offers.join(members, on=["scheme_id", "segment_id"]).join(persons, on="customer_id")


def build_customer_offers(
    *,
    offers: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,  # noqa: ARG001 (rows of single persons count nothing)
) -> pl.DataFrame:
    """One row per offer that is not over and person of its segment: the gate that stopped them, or their group."""
    table = TABLES["customer_offers"]
    current = offers.filter(pl.col("ends_on") >= as_of)
    by_email = pl.col("has_email_marketing_consent")
    consent = pl.when(pl.col("channel") == "sms").then("has_sms_marketing_consent").otherwise(by_email)
    quiet_for = (pl.lit(as_of) - pl.col("last_email_sent_at").dt.date()).dt.total_days()
    own_rate = pl.col("margin_amount_reporting") / pl.col("net_amount_reporting")
    is_known = (pl.col("net_amount_reporting") > 0) & pl.col("margin_amount_reporting").is_not_null()
    rate = pl.when(is_known).then(own_rate).otherwise(pl.lit(margin_rate_of(customers), pl.Float64))
    persons = grouped(audience(current, customers, membership)).with_columns(
        pl.when(~consent.fill_null(value=False))
        .then(pl.lit("no_consent"))
        .when(pl.col("n_open_tickets") > 0)
        .then(pl.lit("open_ticket"))
        .when((quiet_for < pl.col("quiet_days")).fill_null(value=False))
        .then(pl.lit("recently_contacted"))
        .when((rate - pl.col("given_share") < pl.col("margin_floor")).fill_null(value=True))
        .then(pl.lit("margin_floor"))
        .otherwise("group")
        .alias("status")
    )
    return table.conform(persons, as_of=as_of, run_id=run_id)
