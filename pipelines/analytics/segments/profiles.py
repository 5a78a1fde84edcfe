"""What each segment looks like beside the others: size, value, carts, help needed, reach, satisfaction.

Belongs here: one number with its interval per scheme, segment and measure. Stays out: who is in a segment, and any
judgement about segments.

The interval of a mean or share treats the customers of a segment as a sample of such customers. Counts have no
interval.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts.abandonment import VALUED
from pipelines.analytics.satisfaction.scores import METRICS
from pipelines.analytics.segments.value import base_customers
from pipelines.analytics.tables import TABLES

AT = ["scheme_id", "segment_id"]
INDEX = METRICS[0]

ORDERS, NET, TICKETS = pl.col("n_orders"), pl.col("net_amount_reporting"), pl.col("n_tickets")


def scheme_ids(membership: pl.DataFrame) -> list[str]:
    """The schemes there are, in a fixed order."""
    return sorted(membership["scheme_id"].unique())


def segment_sums(
    people: pl.DataFrame, carts: pl.DataFrame, survey: pl.DataFrame, membership: pl.DataFrame
) -> pl.DataFrame:
    """Totals of each segment and of the company: persons, orders, money, tickets, carts, answers, and their squares."""

    schemes = scheme_ids(membership)

    def summed(frame: pl.DataFrame, sums: dict[str, pl.Expr]) -> pl.DataFrame:
        of_base = frame.join(people.select("customer_id"), on="customer_id", how="semi")
        wide = cells.with_segments(of_base, membership, schemes)
        return cells.totals(wide, {scheme: scheme for scheme in schemes}, sums, day=None, name="scheme_id").rename(
            {"group_id": "segment_id"}
        )

    index = INDEX.score
    of_people = summed(
        people,
        {
            "customers": pl.len().cast(pl.Int64),
            "orders": ORDERS.sum(),
            "orders_2": (ORDERS.cast(pl.Float64) ** 2).sum(),
            "net": NET.sum(),
            "net_2": (NET**2).sum(),
            "net_orders": (NET * ORDERS).sum(),
            "tickets": TICKETS.sum(),
            "tickets_2": (TICKETS.cast(pl.Float64) ** 2).sum(),
            "reachable": pl.col("has_email_marketing_consent").sum().cast(pl.Int64),
        },
    )
    of_carts = summed(
        carts.filter(VALUED),
        {"carts": pl.len().cast(pl.Int64), "abandoned": pl.col("is_abandoned").sum().cast(pl.Int64)},
    )
    of_answers = summed(
        survey.filter(pl.col("is_customer").fill_null(value=True)),
        {
            "answers": index.is_not_null().sum().cast(pl.Int64),
            "index": index.sum(),
            "index_2": (index**2).sum(),
        },
    )
    joined = of_people.join(of_carts, on=AT, how="left").join(of_answers, on=AT, how="left")
    company = (
        (pl.col(name).filter(pl.col("scheme_id") == cells.COMPANY).first()) for name in ("customers", "net", "net_2")
    )
    return joined.with_columns(
        pl.col("carts", "abandoned", "answers").fill_null(0), *(total.name.suffix("_all") for total in company)
    )


def mean_of(sums: pl.DataFrame, total: str, n: str) -> stats.Interval:
    """Mean with its t interval from a sum and a sum of squares."""
    base = sums[n].cast(pl.Float64).to_numpy()
    y, squares = sums[total].cast(pl.Float64).to_numpy(), sums[f"{total}_2"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = y / base
        sd = np.sqrt(np.maximum(squares - y * mean, 0.0) / (base - 1))
    return stats.mean_interval(mean, sd, base)


def gini_of(people: pl.DataFrame, membership: pl.DataFrame, sums: pl.DataFrame) -> stats.Interval:
    """Concentration of net revenue among the buyers of each segment, in the order of ``sums``; it has no interval."""
    schemes = scheme_ids(membership)
    buyers = cells.with_segments(people.filter((ORDERS > 0) & (NET > 0)), membership, schemes)
    values: dict[tuple[str, str], float] = {(cells.COMPANY, cells.ALL): stats.gini(buyers[NET.meta.output_name()])}
    for scheme in schemes:
        for (segment,), part in buyers.partition_by(scheme, as_dict=True).items():
            values[scheme, str(segment)] = stats.gini(part[NET.meta.output_name()])
    gini = np.array(
        [values.get((scheme, segment), np.nan) for scheme, segment in sums.select(AT).iter_rows()], dtype=float
    )
    none = np.full(gini.shape, np.nan)
    return stats.Interval(gini, none, none)


def as_share(interval: stats.Interval) -> stats.Interval:
    """A part of its whole: the rounding of float sums taken off, the interval held to what a share can be.

    A segment that gave back more than it bought has a negative share, and then another may have more than the whole:
    such values stay.
    """
    value = np.round(interval.value, 12)
    # A variance is a difference of large sums: where it is nothing, its root is a rounding of 1e-8 and not 0.
    low = np.maximum(np.round(interval.lo, 7), np.minimum(value, 0.0))
    high = np.minimum(np.round(interval.hi, 7), np.maximum(value, 1.0))
    return stats.Interval(value, np.minimum(low, value), np.maximum(high, value))


def build_segment_profiles(
    *,
    customers: pl.DataFrame,
    carts: pl.DataFrame,
    survey: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per scheme (and the company), segment and measure; every segment with a person has every measure."""
    people = base_customers(customers)
    sums = segment_sums(people, carts, survey, membership)

    def column(name: str) -> stats.Floats:
        return sums[name].cast(pl.Float64).to_numpy()

    none = np.full(sums.height, np.nan)
    revenue_share = as_share(
        stats.ratio_interval(
            y=column("net"),
            x=column("net_all"),
            yy=column("net_2"),
            xy=column("net_2"),
            xx=column("net_2_all"),
            n=column("customers_all"),
        )
    )
    order_value = stats.ratio_interval(
        y=column("net"),
        x=column("orders"),
        yy=column("net_2"),
        xy=column("net_orders"),
        xx=column("orders_2"),
        n=column("customers"),
    )
    measures = (
        ("customers", "customers", "customers", "census", stats.Interval(column("customers"), none, none)),
        ("share", "share", "customers", "customers", stats.wilson(column("customers"), column("customers_all"))),
        ("revenue_share", "share", "customers", "customers", revenue_share),
        ("average_order_value", "reporting currency", "customers", "orders, by customer", order_value),
        ("orders_per_customer", "orders", "customers", "customers", mean_of(sums, "orders", "customers")),
        ("net_revenue_per_customer", "reporting currency", "customers", "customers", mean_of(sums, "net", "customers")),
        ("tickets_per_customer", "tickets", "customers", "customers", mean_of(sums, "tickets", "customers")),
        ("revenue_gini", "0-1", "customers", "buyers", gini_of(people, membership, sums)),
        (
            "email_reachable_share",
            "share",
            "customers",
            "consents",
            stats.wilson(column("reachable"), column("customers")),
        ),
        (
            "cart_abandonment_rate",
            "share",
            "carts",
            "carts with value, 24 h over",
            stats.wilson(column("abandoned"), column("carts")),
        ),
        (INDEX.metric_id, "points", "answers", INDEX.basis, mean_of(sums, "index", "answers")),
    )
    frame = pl.concat(
        sums.select(
            *AT,
            pl.lit(measure).alias("measure"),
            pl.lit(unit).alias("unit"),
            pl.col(n).alias("n"),
            pl.lit(basis).alias("basis"),
            *(pl.Series(name, getattr(found, name), pl.Float64).fill_nan(None) for name in ("value", "lo", "hi")),
        )
        for measure, unit, n, basis, found in measures
    )
    marked = disclosure.protect(
        frame, ("n",), table_by=("measure",), dimension="scheme_id", group="segment_id", period=None, min_cell=min_cell
    )
    table = TABLES["segment_profiles"]
    return table.conform(disclosure.blank(marked, table, pl.col("hide_n")), as_of=as_of, run_id=run_id)
