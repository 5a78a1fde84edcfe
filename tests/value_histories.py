"""Purchase histories simulated from known parameters of BG/NBD: what fits are held against."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics.segments.value_model import NEWCOMER_WEEKS, Histories, settled_weeks

CDNOW = np.array([0.243, 4.414, 0.793, 2.426])
"""r, alpha, a, b of the published example (Fader, Hardie and Lee 2005): 2,357 customers seen for 27 to 39 weeks."""


def simulated(rng, customers, parameters=CDNOW, weeks=(27, 39)):
    """x, t_x and T of customers: days as weeks, at most one purchase a day."""
    r, alpha, a, b = parameters
    observed = rng.integers(7 * weeks[0], 7 * weeks[1] + 1, customers)
    rate, leaves = rng.gamma(r, 1 / alpha, customers), rng.beta(a, b, customers)
    now, last, x = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    there = np.arange(customers)
    while there.size:
        now[there] += rng.exponential(1 / np.maximum(rate[there], 1e-9))
        there = there[now[there] * 7 <= observed[there]]
        day = np.ceil(now[there] * 7)
        x[there] += day > last[there]
        last[there] = day
        there = there[rng.random(there.size) >= leaves[there]]
    return x, np.minimum(last, observed) / 7, observed / 7


def counted(x, t_x, observed):
    """Equal histories as one with a count."""
    rows, n = np.unique(np.stack([x, t_x, observed], axis=1), axis=0, return_counts=True)
    return Histories(*rows.T, n.astype(float))


def simulated_days(
    rng,
    customers,
    as_of: date,
    *,
    parameters=(1.0, 8.0, 1.0, 4.0),
    weeks=(9, 80),
    spend=(3.0, 4.0, 90.0),
    pace=(1.0, 1.0),
):
    """The rows of fct_purchase_days that such customers leave until as_of, spend by Gamma-Gamma (p, q, v).

    ``pace`` is that of newcomers to the end of each of ``NEWCOMER_WEEKS``, in multiples of the rate they settle at.
    """
    r, alpha, a, b = parameters
    p, q, v = spend
    born = -rng.integers(7 * weeks[0], 7 * weeks[1], customers)
    rate, leaves = rng.gamma(r, 1 / alpha, customers), rng.beta(a, b, customers)
    level = rng.gamma(q, 1 / v, customers)
    # Purchases come at an even rate in a time of which newcomers have more a week.
    knots = np.array([0.0, *NEWCOMER_WEEKS, 1e9])
    settled = settled_weeks(knots, np.array(pace))
    spent, there = np.zeros(customers), np.arange(customers)
    now = born.astype(float)
    who, when = [there], [born]
    while there.size:
        spent[there] += rng.exponential(1 / np.maximum(rate[there], 1e-9))
        now[there] = born[there] + 7 * np.interp(spent[there], settled, knots)
        there = there[now[there] <= 0]
        who.append(there)
        when.append(np.ceil(now[there]))
        there = there[rng.random(there.size) >= leaves[there]]
    person = np.concatenate(who)
    frame = pl.DataFrame(
        {
            "customer_id": person,
            "order_date": np.concatenate(when).astype(np.int64),
            "net_amount_reporting": np.round(rng.gamma(p, 1 / level[person]), 2),
        }
    )
    return (
        frame.group_by("customer_id", "order_date")
        .agg(pl.col("net_amount_reporting").sum())
        .select(
            pl.format("c{}", pl.col("customer_id").cast(pl.String).str.zfill(6)).alias("customer_id"),
            (pl.lit(as_of) + pl.duration(days=pl.col("order_date"))).cast(pl.Date).alias("order_date"),
            "net_amount_reporting",
        )
        .sort("customer_id", "order_date")
    )
