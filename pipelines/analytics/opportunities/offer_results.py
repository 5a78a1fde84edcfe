"""What an offer brought: those who were to get it against those held out by chance.

Belongs here: how many the gates leave, the difference between the two groups. Stays out: gates and draw (offers.py).

Chance alone decides who is held out, so this difference is an effect, the one place where the word is used. It is the
effect of being meant to get the offer, whether or not the message came (intention to treat). Compared are the persons
who were in the segment on the day before the start, by the segment history, had consent then or decided on it later,
and no open ticket then: nothing the offer itself may have changed decides who counts. Where the history begins after
the start, who was in the segment is not known, and there is no result.

A message to somebody held out breaks the comparison; how many got one stands beside it.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.opportunities.offers import HELD_OUT, OFFERED, STATUSES, grouped
from pipelines.analytics.tables import TABLES

ENOUGH = 30
"""Fewest persons of a group from which a difference is told."""
SIDE = ["n", "buyers", "mean", "sd", "reached"]
BUYERS, REVENUE, PASSED = "offer_buyers_uplift", "offer_revenue_uplift", "offer_status_share"


def status_shares(candidates: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """Share of each offer's segment by status, small cells and what would give them away marked ``_hidden``."""
    base = candidates.group_by("offer_id").agg(pl.len().cast(pl.Int64).alias("_base"))
    counts = candidates.group_by("offer_id", "status").agg(pl.len().cast(pl.Int64).alias("n"))
    grid = base.join(pl.DataFrame({"status": STATUSES}), how="cross").join(
        counts, on=["offer_id", "status"], how="left"
    )
    rows = pl.concat(
        [
            grid.select("offer_id", pl.lit("status").alias("_by"), pl.col("status").alias("group_id"), "n", "_base"),
            base.select(
                "offer_id",
                pl.lit(cells.COMPANY).alias("_by"),
                pl.lit(cells.ALL).alias("group_id"),
                pl.col("_base").alias("n"),
                "_base",
            ),
        ]
    ).with_columns(pl.col("n").fill_null(0))
    share = stats.wilson(rows["n"].to_numpy(), rows["_base"].to_numpy())
    named = rows.with_columns(pl.Series(end, getattr(share, end), pl.Float64) for end in ("value", "lo", "hi"))
    hidden = disclosure.protect(
        named, ("n",), table_by=("offer_id",), dimension="_by", group="group_id", period=None, min_cell=min_cell
    )
    return hidden.rename({"hide_n": "_hidden"}).select(
        "offer_id",
        pl.lit(PASSED).alias("measure"),
        *("group_id", "n", "value", "lo", "hi", "_hidden"),
        pl.lit("persons of the segment today").alias("basis"),
    )


def meant(
    offers: pl.DataFrame, history: pl.DataFrame, consents: pl.DataFrame, tickets: pl.DataFrame, customers: pl.DataFrame
) -> pl.DataFrame:
    """A row per started offer and person it was meant for or held back from, with ``group``."""
    start = pl.col("starts_on")
    known = history.filter(pl.col("known_to").is_null())
    then = (pl.col("valid_from") < start) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= start))
    persons = customers.filter(pl.col("is_identified") & ~pl.col("is_staff")).select("customer_id")
    members = offers.join(known, on=["scheme_id", "segment_id"]).filter(then).join(persons, on="customer_id")
    asked = consents.filter(pl.col("purpose") == "marketing").select(
        "customer_id", "channel", "is_granted", "decided_at"
    )
    may = members.join(asked, on=["customer_id", "channel"]).filter(
        pl.col("is_granted") | (pl.col("decided_at").dt.date() >= start)
    )
    waiting = may.join(tickets.select("customer_id", "opened_date", "solved_at"), on="customer_id").filter(
        (pl.col("opened_date") < start) & (pl.col("solved_at").is_null() | (pl.col("solved_at").dt.date() >= start))
    )
    return grouped(may.join(waiting, on=["offer_id", "customer_id"], how="anti"))


def outcomes(persons: pl.DataFrame, orders: pl.DataFrame, sends: pl.DataFrame) -> pl.DataFrame:
    """Per offer and group: persons, buyers, mean and spread of net revenue in the offer's days, persons reached."""
    key = ["offer_id", "customer_id"]
    days = pl.col("outcome_days")

    def inside(day: str) -> pl.Expr:
        since = (pl.col(day) - pl.col("starts_on")).dt.total_days()
        return (since >= 0) & (since < days)

    bought = persons.join(orders.filter("is_valid"), on="customer_id").filter(inside("order_date"))
    spent = bought.group_by(key).agg(pl.col("net_amount_reporting").sum().alias("revenue"))
    got = persons.join(sends.filter(pl.col("touch_type") == "send"), on="customer_id").filter(
        (pl.col("offer") == pl.col("campaign_offer")) & inside("touch_date")
    )
    reached = got.select(key).unique().with_columns(pl.lit(value=True).alias("reached"))
    each = persons.join(spent, on=key, how="left").join(reached, on=key, how="left")
    revenue = pl.col("revenue").fill_null(0.0)
    return each.group_by("offer_id", "group").agg(
        pl.len().cast(pl.Int64).alias("n"),
        pl.col("revenue").is_not_null().sum().cast(pl.Int64).alias("buyers"),
        revenue.mean().alias("mean"),
        revenue.std().fill_null(0.0).alias("sd"),
        pl.col("reached").is_not_null().sum().cast(pl.Int64).alias("reached"),
    )


def standing_of(first_known: date | None, as_of: date) -> pl.Expr:
    """not_started, running, no_history, too_few or measured."""
    over = pl.col("starts_on") + pl.duration(days=pl.col("outcome_days"))
    unknown = pl.lit(first_known is None) | (pl.col("starts_on") <= pl.lit(first_known, pl.Date))
    return (
        pl.when(pl.col("starts_on") > as_of)
        .then(pl.lit("not_started"))
        .when(over > as_of)
        .then(pl.lit("running"))
        .when(unknown)
        .then(pl.lit("no_history"))
        .when(pl.min_horizontal("n", "n_holdout") < ENOUGH)
        .then(pl.lit("too_few"))
        .otherwise(pl.lit("measured"))
        .alias("standing")
    )


def side_by_side(offers: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """One row an offer: persons, buyers, mean, spread and persons reached of those offered, and of the hold-out."""
    sides = {
        group: found.filter(pl.col("group") == group).drop("group").rename(dict(zip(SIDE, names, strict=True)))
        for group, names in ((OFFERED, SIDE), (HELD_OUT, [f"{name}_holdout" for name in SIDE]))
    }
    wide = offers.join(sides[OFFERED], on="offer_id", how="left").join(sides[HELD_OUT], on="offer_id", how="left")
    return wide.with_columns(pl.col(name, f"{name}_holdout").fill_null(0) for name in SIDE)


def uplifts(
    offers: pl.DataFrame, found: pl.DataFrame, first_known: date | None, as_of: date, min_cell: int
) -> pl.DataFrame:
    """Two rows an offer: the difference in the share of buyers and in net revenue per person, and where it stands."""
    wide = side_by_side(offers, found).with_columns(standing_of(first_known, as_of))
    is_measured = pl.col("standing") == "measured"
    # A share of few, beside its base, tells the few.
    small = [
        disclosure.is_small(count, min_cell)
        for end in ("", "_holdout")
        for count in (
            *(pl.col(f"{name}{end}") for name in ("n", "buyers", "reached")),
            *(pl.col(f"n{end}") - pl.col(f"{name}{end}") for name in ("buyers", "reached")),
        )
    ]
    n_1, y_1, mean_1, sd_1, _ = (wide[name].to_numpy().astype(np.float64) for name in SIDE)
    n_0, y_0, mean_0, sd_0, _ = (wide[f"{name}_holdout"].to_numpy().astype(np.float64) for name in SIDE)
    share = stats.two_by_two(y_1, n_1 - y_1, y_0, n_0 - y_0)
    money = stats.welch(mean_1=mean_1, sd_1=sd_1, n_1=n_1, mean_0=mean_0, sd_0=sd_0, n_0=n_0)
    shares = stats.wilson(y_1, n_1).value, stats.wilson(y_0, n_0).value
    measured = (
        (BUYERS, share.risk_difference, share.p, shares),
        (REVENUE, money, money.p, (mean_1, mean_0)),
    )
    rows = [
        wide.with_columns(
            pl.lit(measure).alias("measure"),
            *(
                pl.when(is_measured).then(pl.Series(name, values, pl.Float64).fill_nan(None)).alias(name)
                for name, values in (
                    ("value", difference.value),
                    ("lo", np.minimum(difference.lo, difference.value)),
                    ("hi", np.maximum(difference.hi, difference.value)),
                    ("p_raw", p),
                    ("value_offered", offered),
                    ("value_holdout", held_out),
                )
            ),
            *(
                pl.when(is_measured).then(pl.col(count)).alias(name)
                for name, count in (
                    ("n", "n"),
                    ("n_holdout", "n_holdout"),
                    ("n_reached", "reached"),
                    ("n_breached", "reached_holdout"),
                )
            ),
        )
        for measure, difference, p, (offered, held_out) in measured
    ]
    return pl.concat(rows).select(
        *("offer_id", "measure", pl.lit(cells.ALL).alias("group_id"), "standing"),
        *("value", "lo", "hi", "p_raw", "value_offered", "value_holdout", "n", "n_holdout", "n_reached", "n_breached"),
        pl.lit("intention to treat: offered less held out by chance").alias("basis"),
        (is_measured & pl.any_horizontal(small)).alias("_hidden"),
    )


def judged_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Add p adjusted over the offers of a measure, and what the test says: more, less, no_evidence, or why none."""
    family = pl.when(pl.col("p_raw").is_not_null() & ~pl.col("_hidden")).then(
        pl.concat_str(pl.lit("offers"), "measure", separator="|")
    )
    parts = rows.with_columns(family.alias("family_id")).partition_by("family_id", maintain_order=True)
    adjusted = pl.concat(
        part.with_columns(
            pl.Series(
                "p_adj", stats.benjamini_hochberg(part["p_raw"].cast(pl.Float64).to_numpy()), pl.Float64
            ).fill_nan(None)
        )
        for part in parts
    )
    found = pl.col("p_adj") <= FALSE_DISCOVERIES
    return adjusted.with_columns(
        pl.when(pl.col("family_id").is_not_null()).then(pl.len().over("family_id")).cast(pl.Int64).alias("family_size"),
        pl.when("_hidden")
        .then(pl.lit("suppressed"))
        .when(pl.col("measure") == PASSED)
        .then(None)
        .when(pl.col("standing") != "measured")
        .then("standing")
        .when(found & (pl.col("value") > 0))
        .then(pl.lit("more"))
        .when(found & (pl.col("value") < 0))
        .then(pl.lit("less"))
        .otherwise(pl.lit("no_evidence"))
        .alias("verdict"),
    )


def build_offer_results(
    *,
    offers: pl.DataFrame,
    candidates: pl.DataFrame,
    history: pl.DataFrame,
    consents: pl.DataFrame,
    tickets: pl.DataFrame,
    orders: pl.DataFrame,
    sends: pl.DataFrame,
    customers: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per offer, measure and status: shares the gates leave today, and the uplift once the offer is over."""
    table = TABLES["offer_results"]
    if offers.is_empty():
        return table.empty()
    started = offers.filter(pl.col("starts_on") <= as_of)
    first_known: date | None = history.select(pl.col("valid_from").min()).item()
    persons = meant(started, history, consents, tickets, customers)
    found = uplifts(offers, outcomes(persons, orders, sends), first_known, as_of, min_cell)
    rows = pl.concat([status_shares(candidates, min_cell), found], how="diagonal_relaxed")
    named = rows.join(
        offers.select("offer_id", "name", "owner", "starts_on", "holdout_share"), on="offer_id", how="left"
    )
    return table.conform(disclosure.blank(judged_of(named), table, pl.col("_hidden")), as_of=as_of, run_id=run_id)
