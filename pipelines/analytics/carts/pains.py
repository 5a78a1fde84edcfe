"""Pain points of every kind in one table: how often, how bad, what it is worth, whether it grows, who feels it.

Belongs here: one scale for kinds as different as a fee, a ticket and a slow page, and the ranking. Stays out: what is
in texts (topics are those the desk recorded), and adjusted effects of cart causes (causes.py).

Every pain is an exposure of units that can be lost: a cart without an order, a checkout without a purchase, an order
after which nothing is bought for half a year. With the shares of units exposed and lost,

    amount a year = units a year x share exposed x (share lost exposed - share lost not) x value of those exposed

which is frequency x severity x value. It is an association; pains overlap, so amounts have no sum. Customers are
resampled whole, for the range of the amount and of the rank.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts.causes import DAYS_A_YEAR, FALSE_DISCOVERIES
from pipelines.analytics.carts.pain_quarters import with_urgency
from pipelines.analytics.carts.pain_ranges import CELL, ENOUGH, PAIN, SUMS, Counted, counted, with_ranges
from pipelines.analytics.carts.pain_units import Met, cart_units, order_units, review_units, site_units
from pipelines.analytics.tables import TABLES

PRACTICAL_RATIO = 1.1
UNWATCHED = ("cart", "site")
"""Kinds whose loss is known at once, so that all their units count."""
COUNTS = ("n", "n_affected")
EVIDENCE = ("cart_id", "session_id", "order_id", "ticket_id", "feedback_id")


def persons_of(frames: list[pl.DataFrame], customers: pl.DataFrame, membership: pl.DataFrame) -> pl.DataFrame:
    """A number and the segments of everybody in the frames who is known and no employee."""
    known = pl.concat([frame.select("customer_id") for frame in frames]).drop_nulls().unique().sort("customer_id")
    people = cells.without_staff(known, customers).with_row_index("_person")
    return cells.with_segments(people, membership)


def felt(units: Iterator[pl.DataFrame], persons: pl.DataFrame) -> Iterator[tuple[Counted, pl.DataFrame]]:
    """Pain by pain, where anybody met it: its counts, one row about it (stage, days, evidence).

    One pain at a time: all units of all pains at once would be many times what is in memory already.
    """
    for frame in units:
        known = frame.join(persons, on="customer_id")
        for (kind, pain), part in sorted(known.partition_by(PAIN, as_dict=True).items()):
            met = part.filter("exposed")
            if met.is_empty():
                continue
            evidence = [name for name in EVIDENCE if name in part.columns]
            latest = met.filter("lost").sort("day", *evidence).tail(1).select(evidence)
            about = part.select(
                *(pl.col(name).first() for name in (*PAIN, "stage")),
                pl.col("day").min().alias("_first"),
                pl.col("day").max().alias("_last"),
            )
            yield counted(part, str(kind), str(pain)), pl.concat([about, latest], how="horizontal")


def by_quarter(pains: Sequence[Counted]) -> pl.DataFrame:
    """The sums of every cell of these pains and quarter."""
    return pl.concat(
        each.cells.select(pl.lit(each.kind).alias("kind"), pl.lit(each.pain).alias("pain"), pl.all()) for each in pains
    ).with_columns(pl.col(SUMS).cast(pl.Float64))


def segments_hit(frame: pl.DataFrame) -> pl.DataFrame:
    """Per pain the segments that meet it clearly more often than the rest of their scheme, as scheme:segment."""
    groups = frame.filter((pl.col("scheme_id") != cells.COMPANY) & ~pl.col("_hidden"))
    scheme = [*PAIN, "scheme_id"]
    counted = groups.with_columns(
        (pl.col("n1").sum().over(scheme) - pl.col("n1")).alias("_rest1"),
        (pl.col("n0").sum().over(scheme) - pl.col("n0")).alias("_rest0"),
    ).filter((pl.col("segment_id") != cells.UNKNOWN) & (pl.col("n1") >= ENOUGH))
    found = stats.two_by_two(*(counted[name].to_numpy() for name in ("n1", "n0", "_rest1", "_rest0")))
    is_hit = (stats.benjamini_hochberg(found.p) <= FALSE_DISCOVERIES) & (found.risk_ratio.value >= PRACTICAL_RATIO)
    named = counted.filter(pl.Series(is_hit)).sort(CELL)
    return named.group_by(PAIN, maintain_order=True).agg(
        pl.concat_str("scheme_id", "segment_id", separator=":").str.join(", ").alias("segments_hit")
    )


def build_pain_points(
    *,
    met: Met,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per pain, scheme (the company, region, the key schemes) and group that has units; pains somebody met."""
    table = TABLES["pain_points"]
    average = met.orders.filter("is_valid")["net_amount_reporting"].mean()
    worth = average if isinstance(average, float) else 0.0
    persons = persons_of([met.carts, met.sessions, met.orders, met.feedback], customers, membership)
    found = list(
        felt(
            chain(
                cart_units(met.carts),
                site_units(met.sessions, worth),
                order_units(met.orders, met.tickets, as_of),
                review_units(met.feedback, met.orders, as_of),
            ),
            persons,
        )
    )
    if not found:
        return table.empty()
    pains = [each for each, _ in found]
    about = pl.concat([row for _, row in found], how="diagonal").with_columns(
        ((pl.col("_last").max() - pl.col("_first").min()).over("kind").dt.total_days() + 1).alias("_days")
    )
    # Whether a pain grows need not wait for what is lost: orders and reviews count as soon as they can be told.
    recent = chain(
        order_units(met.orders, met.tickets, as_of, silence=0),
        review_units(met.feedback, met.orders, as_of, silence=0),
    )
    at_once = [each for each in pains if each.kind in UNWATCHED]
    quarters = by_quarter(at_once + [each for each, _ in felt(recent, persons)])
    frame = (
        by_quarter(pains)
        .group_by(CELL)
        .agg(pl.col(SUMS).sum())
        .join(about.select(*PAIN, "stage", (DAYS_A_YEAR / pl.col("_days")).alias("_a_year")), on=PAIN)
    )
    counts = with_urgency(with_ranges(frame, pains, persons), quarters, as_of).with_columns(
        (pl.col("n1") + pl.col("n0")).cast(pl.Int64).alias("n"), pl.col("n1").cast(pl.Int64).alias("n_affected")
    )
    marked = disclosure.protect(
        counts,
        COUNTS,
        table_by=("kind", "pain"),
        dimension="scheme_id",
        group="segment_id",
        period=None,
        min_cell=min_cell,
    ).with_columns(pl.any_horizontal(f"hide_{count}" for count in COUNTS).alias("_hidden"))
    nothing = pl.DataFrame(schema=dict.fromkeys(EVIDENCE, pl.String))
    latest = pl.concat([nothing, about], how="diagonal").select(
        *PAIN, *(pl.col(name).alias(f"evidence_{name}") for name in EVIDENCE)
    )
    is_company = (pl.col("scheme_id") == cells.COMPANY) & ~pl.col("_hidden")
    of_company = ["segments_hit", *(f"evidence_{name}" for name in EVIDENCE)]
    described = (
        marked.join(segments_hit(marked), on=PAIN, how="left")
        .join(latest, on=PAIN, how="left")
        .with_columns(
            (pl.col("n1") / pl.col("n")).alias("frequency"),
            (pl.col("y1") / pl.col("n1") - pl.col("y0") / pl.col("n0")).fill_nan(None).alias("severity"),
            (pl.col("v1") / pl.col("n1")).fill_nan(None).alias("unit_value"),
            pl.format("association, {}", pl.col("kind").replace_strict(LOSSES)).alias("basis"),
            *(pl.when(is_company).then(pl.col(name)).alias(name) for name in of_company),
            pl.when("_hidden").then(pl.lit("suppressed")).otherwise("trend").alias("trend"),
        )
    )
    return table.conform(disclosure.blank(described, table, pl.col("_hidden")), as_of=as_of, run_id=run_id)


LOSSES = {
    "cart": "carts that reached the step; lost: no order within 24 h",
    "site": "sessions with a checkout; lost: no purchase in the session",
    "support": "orders of 210 days ago or more; lost: no order from day 31 to 210",
    "delivery": "delivered orders with a promise, 210 days ago or more; lost: no order from day 31 to 210",
    "review": "reviews with 180 days over; lost: no further order in them",
}
