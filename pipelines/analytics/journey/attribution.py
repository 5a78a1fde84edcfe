"""Attribution: orders and revenue allotted to the entry channels of the touches before them. An allocation, no effect.

Belongs here: the table, its intervals and what is hidden. Stays out: the rules (attribution_rules.py), and which
touches make a path (models of the warehouse).

Persons are resampled whole for the intervals: they fall into 256 random groups, and a draw takes as many groups with
replacement. Everything but a ratio is a sum over groups, so a draw costs the same for a thousand or a million persons.
An order without a touch is a class of its own under every rule (none; unknown where nobody knows who bought), so the
credits of each rule sum to all orders, and their amounts to all revenue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.journey.attribution_rules import (
    COUNTED,
    MARKOV,
    NO_ORDER,
    RULES,
    Credits,
    credits_of,
    markov_shares,
    removal_effects,
)
from pipelines.analytics.stats import Floats
from pipelines.analytics.tables import TABLES

Mask = NDArray[np.bool_]
DRAWS = 300
SEED = 20240229
NO_TOUCH = ("none", "unknown")
GROUP = ["rule", "breakdown", "group_id"]


def draws(n_groups: int) -> Floats:
    """How often each group counts: once in the first row, which is the data, and as drawn in the others."""
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), DRAWS)
    return np.vstack([np.ones((1, n_groups)), drawn])


def groups_of(outcomes: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str, Mask, Mask]]:
    """Breakdown, group, the outcomes in it, and which outcomes are orders of it.

    Paths to none have a kind of buyer but no channel of an order: for an order channel, an order elsewhere is none.
    """
    kind, channel = np.array(outcomes).T
    led = channel != NO_ORDER
    everywhere = np.ones(led.shape, dtype=bool)
    yield cells.COMPANY, cells.ALL, everywhere, led
    for name in np.unique(kind[led]):
        yield "buyer_kind", str(name), kind == name, led
    for name in np.unique(channel[led]):
        yield "order_channel", str(name), everywhere, channel == name


def allotted(found: Credits, here: Mask, led: Mask, times: Floats) -> pl.DataFrame:
    """One row per rule and channel: credits and their shares with intervals, and the counts behind them."""
    n = found.n_touched
    of_group, steps = found.of(here, led)
    sums = np.tensordot(times, of_group, axes=1)
    effects = removal_effects(np.tensordot(times, steps, axes=1))
    linear = sums[:, 0]
    touched = linear[:, :n].sum(axis=1, keepdims=True)
    by_markov = np.concatenate([markov_shares(effects)[:, :, None] * touched, linear[:, n:]], axis=1)
    credit = np.concatenate([sums, by_markov[:, None]], axis=1)
    whole = linear.sum(axis=1)[:, None, None, :]
    share = np.where(whole == 0, np.nan, credit / np.where(whole == 0, 1.0, whole))
    padded = np.full((credit.shape[0], len(RULES), len(found.channels)), np.nan)
    padded[:, RULES.index(MARKOV), :n] = effects
    columns = {
        "rule": np.repeat(RULES, len(found.channels)),
        "channel": np.tile(found.channels, len(RULES)),
        "credited_orders": credit[0, ..., 0].ravel(),
        "credited_amount_reporting": credit[0, ..., 1].ravel(),
        "n_paths": np.tile(found.met[here].sum(axis=0), len(RULES)),
        "_met_orders": np.tile(found.met[here & led].sum(axis=0), len(RULES)),
        **with_ends(("value", "lo", "hi"), share[..., 0]),
        **with_ends(("amount_share", "amount_share_lo", "amount_share_hi"), share[..., 1]),
        **with_ends(("removal_effect", "removal_effect_lo", "removal_effect_hi"), padded),
    }
    frame = pl.DataFrame(columns).with_columns(pl.lit(round(float(whole[0, 0, 0, 0])), pl.Int64).alias("n"))
    # No draw moves a share of none or of all, yet nothing is that certain.
    ends = stats.wilson(frame["credited_orders"].round().to_numpy(), frame["n"].to_numpy())
    at_end = pl.col("lo").is_nan()
    return frame.with_columns(
        pl.when(at_end).then(pl.Series(getattr(ends, name))).otherwise(name).fill_nan(None).alias(name)
        for name in ("lo", "hi")
    )


def with_ends(names: tuple[str, str, str], drawn: Floats) -> dict[str, Floats]:
    """The first draw as the value, and its 95 % interval by the others; no ends where none of them moves it."""
    value = drawn[0]
    # A draw without any order says nothing.
    lo, hi = np.quantile(np.where(np.isnan(drawn[1:]), value, drawn[1:]), [0.025, 0.975], axis=0)
    still = (lo == hi) & (lo == value)
    ends = (value, np.where(still, np.nan, np.fmin(lo, value)), np.where(still, np.nan, np.fmax(hi, value)))
    return {name: end.ravel() for name, end in zip(names, ends, strict=True)}


def hidden_rows(frame: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """Mark what must not be shown.

    Readers know that the groups of a breakdown make the company, and under a rule that gives orders whole that the
    channels make the group. Under the others an order with touches of two channels counts for both: what is left of the
    sum is no count.
    """
    is_counted = pl.col("rule").is_in(COUNTED)
    totals = frame.filter(is_counted).group_by(*GROUP).agg(pl.col("n").first().alias("n_orders"))
    whole = totals.with_columns(pl.lit(cells.ALL).alias("channel"))
    marked = [
        disclosure.protect(
            part,
            ("n_orders", "n_paths"),
            table_by=table_by,
            dimension="breakdown",
            group="group_id",
            period=period,
            min_cell=min_cell,
        )
        for part, table_by, period in (
            (pl.concat([frame.filter(is_counted), whole], how="diagonal"), ("rule",), "channel"),
            (frame.filter(~is_counted), ("rule", "channel"), None),
        )
    ]
    hidden = pl.col("hide_n_orders") | pl.col("hide_n_paths")
    is_total = pl.col("channel") == cells.ALL
    return (
        pl.concat(marked)
        .with_columns((hidden | (hidden & is_total).any().over("breakdown", "group_id")).alias("_hidden"))
        .filter(~is_total)
    )


def with_costs(frame: pl.DataFrame, spend: pl.DataFrame) -> pl.DataFrame:
    """Add what a channel's campaigns cost and the cost per credited order; the company's only: costs have no buyer."""
    known = pl.col("n_campaigns_without_cost") == 0
    status = (
        pl.when("_hidden")
        .then(pl.lit("suppressed"))
        .when(pl.col("channel").is_in(NO_TOUCH))
        .then(pl.lit("no_channel"))
        .when(pl.col("breakdown") != cells.COMPANY)
        .then(pl.lit("not_split"))
        .when(pl.col("n_campaigns").is_null())
        .then(pl.lit("not_recorded"))
        .otherwise(pl.when(known).then(pl.lit("known")).otherwise(pl.lit("incomplete")))
    )
    amount = pl.when(pl.col("spend_status") == "known").then("spend_amount_reporting")

    def per_order(share: str) -> pl.Expr:
        orders = pl.col(share) * pl.col("n")
        return pl.when(orders > 0).then(pl.col("spend_amount_reporting") / orders)

    return (
        frame.join(spend, on="channel", how="left")
        .with_columns(status.alias("spend_status"))
        .with_columns(amount.alias("spend_amount_reporting"))
        .with_columns(
            per_order("value").alias("cost_per_order"),
            per_order("hi").alias("cost_per_order_lo"),
            per_order("lo").alias("cost_per_order_hi"),
        )
    )


def build_attribution(
    *, paths: pl.DataFrame, spend: pl.DataFrame, as_of: date, run_id: str, min_cell: int
) -> pl.DataFrame:
    """One row per rule, breakdown (the company, kind of buyer, channel of the order), group and entry channel."""
    table = TABLES["attribution"]
    if paths.filter(pl.col("order_channel") != NO_ORDER).is_empty():
        return table.empty()
    found = credits_of(paths, paths["channel"].unique().sort().to_list())
    times = draws(found.sums.shape[1])
    parts = [
        allotted(found, here, led, times).with_columns(
            pl.lit(breakdown).alias("breakdown"), pl.lit(group).alias("group_id")
        )
        for breakdown, group, here, led in groups_of(found.outcomes)
    ]
    frame = pl.concat(parts).with_columns(
        pl.when(pl.col("rule").is_in(COUNTED))
        .then(pl.col("credited_orders").round())
        .otherwise("_met_orders")
        .cast(pl.Int64)
        .alias("n_orders"),
        pl.col("n_paths").cast(pl.Int64),
        pl.format(
            "allocation, not effect: orders of 12 months, touches up to {} days before", paths["lookback_days"].max()
        ).alias("basis"),
    )
    marked = with_costs(hidden_rows(frame, min_cell), spend)
    return table.conform(disclosure.blank(marked, table, pl.col("_hidden")), as_of=as_of, run_id=run_id)
