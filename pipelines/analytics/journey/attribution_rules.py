"""How an order is divided among the touches before it: six rules by position or time, and the Markov removal effect.

Belongs here: credits per random group of persons as arrays, so that a redraw of persons is a product of matrices.
Stays out: which touches make a path (a model), intervals and the table (attribution.py). Every rule divides what
happened together; none says what a channel caused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.analytics.stats import Floats

DIRECT = "direct"
NO_ORDER = "none"
MARKOV = "markov"
COUNTED = ("first", "last", "last_non_direct")
"""Rules that give each order whole, so that their credits are counts."""
SHARED = ("linear", "position", "time_decay")
RULES = (*COUNTED, *SHARED, MARKOV)

PATH = ["person_group", "buyer_kind", "order_channel", "path"]
VALUES = (
    "touch_position",
    "channel",
    "n_touches",
    "n_paths",
    "net_amount_reporting",
    "decay_orders",
    "decay_amount_reporting",
)


@dataclass(frozen=True)
class Credits:
    """Sums of paths; the first axis is the outcome of a path, the second the random group of persons.

    ``outcomes`` are pairs of buyer kind and order channel; ``channels`` has the touched ones first, then the classes of
    orders without a touch. Further axes of ``sums`` are rule (without Markov), channel, and orders or amount; those of
    ``steps`` origin (start, then the touched channels) and target (these channels, then the end of the path). ``met``
    has the axes outcome and channel: in how many paths a channel is met.
    """

    outcomes: tuple[tuple[str, str], ...]
    channels: tuple[str, ...]
    n_touched: int
    sums: Floats
    steps: Floats
    met: Floats

    def of(self, here: NDArray[np.bool_], led: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Sums, and steps with the end told apart: the outcomes of a breakdown's group, and which of them are orders.

        The axes of the steps are the group of persons, origin and target (the touched channels, order, nothing).
        """
        between = self.steps[here, :, :, :-1].sum(axis=0)
        order, nothing = (self.steps[of, :, :, -1:].sum(axis=0) for of in (here & led, here & ~led))
        return self.sums[here & led].sum(axis=0), np.concatenate([between, order, nothing], axis=-1)


def touch_share(rule: str) -> pl.Expr:
    """Part of its order a touch gets, from touch_position (1 first) and n_touches of its ``_path``; 1 without touch.

    Position gives 40 % to the first, 40 % to the last and 20 % to those between; two touches get half each. The last
    touch that is not direct is the last one where all are. Time decay needs days: its parts come with the paths.

    Raises:
        KeyError: there is no such rule.
    """
    place, n = pl.col("touch_position"), pl.col("n_touches")
    is_first, is_last = place == n.clip(upper_bound=1), place == n
    named = place.filter(pl.col("channel") != DIRECT).max().over("_path")
    between = pl.when(is_first | is_last).then(0.4).otherwise(0.2 / (n - 2))
    return {
        "first": is_first.cast(pl.Float64),
        "last": is_last.cast(pl.Float64),
        "last_non_direct": (place == named.fill_null(n)).cast(pl.Float64),
        "linear": 1.0 / n.clip(lower_bound=1),
        "position": pl.when(n <= 1).then(1.0).when(n == 2).then(0.5).otherwise(between),
    }[rule]


def credit_columns() -> list[pl.Expr]:
    """Orders and amount of each rule but Markov's, on the rows of paths; meaningless where a path led to none."""
    found = []
    for rule in (*COUNTED, *SHARED):
        if rule == "time_decay":
            orders, amount = pl.col("decay_orders"), pl.col("decay_amount_reporting")
        else:
            share = touch_share(rule)
            orders, amount = pl.col("n_paths") * share, pl.col("net_amount_reporting") * share
        found += [orders.alias(f"{rule}_orders"), amount.alias(f"{rule}_amount")]
    return found


def credits_of(paths: pl.DataFrame, channels: Sequence[str]) -> Credits:
    """Credits of each outcome and random group of persons.

    Args:
        paths: the rows of ``agg_touch_paths``, whole paths.
        channels: those the result is for; a channel in no path gets 0.
    """
    classes = paths.filter(pl.col("touch_position") == 0)["channel"].unique().sort().to_list()
    ordered = (*(name for name in channels if name not in classes), *classes)
    n_touched = len(ordered) - len(classes)
    outcomes = tuple(paths.select("buyer_kind", "order_channel").unique().sort(pl.all()).iter_rows())
    groups = paths["person_group"].unique().sort()
    place = {
        "_outcome": pl.struct("buyer_kind", "order_channel").rank("dense").cast(pl.Int64) - 1,
        "_group": pl.col("person_group").rank("dense").cast(pl.Int64) - 1,
        "_path": pl.struct(PATH).rank("dense"),
        "_channel": pl.col("channel").replace_strict({c: n for n, c in enumerate(ordered)}, return_dtype=pl.Int64),
    }
    numbered = paths.select(**place, **{name: pl.col(name) for name in VALUES}).sort("_path", "touch_position")
    rules = (*COUNTED, *SHARED)
    names = [f"{rule}_{name}" for rule in rules for name in ("orders", "amount")]
    is_met = pl.int_range(pl.len()).over("_path", "_channel") == 0
    rows = numbered.with_columns(*credit_columns(), pl.when(is_met).then("n_paths").otherwise(0).alias("_met"))
    at = ["_outcome", "_group", "_channel"]
    summed = rows.group_by(at).agg(pl.col(*names, "_met").sum())
    cube = np.zeros((len(outcomes), len(groups), len(ordered), len(names) + 1))
    cube[tuple(summed[name].to_numpy() for name in at)] = summed.select(*names, "_met").to_numpy()
    sums = cube[..., :-1].reshape(*cube.shape[:-1], len(rules), 2).swapaxes(2, 3)
    return Credits(
        outcomes,
        ordered,
        n_touched,
        np.ascontiguousarray(sums),
        _steps(rows, (len(outcomes), len(groups)), n_touched),
        cube[..., -1].sum(axis=1),
    )


def _steps(rows: pl.DataFrame, shape: tuple[int, int], n_channels: int) -> Floats:
    """How often one touch follows another, from start to the end of the path; sorted rows."""
    touches = rows.filter(pl.col("touch_position") > 0).with_columns(
        pl.col("_channel").shift(-1).over("_path").fill_null(n_channels).alias("_next")
    )
    at = ["_outcome", "_group"]
    steps = pl.concat(
        [
            touches.filter(pl.col("touch_position") == 1).select(*at, pl.lit(0, pl.Int64), "_channel", "n_paths"),
            touches.select(
                *at, (pl.col("_channel") + 1).alias("literal"), pl.col("_next").alias("_channel"), "n_paths"
            ),
        ]
    )
    counts = np.zeros((*shape, n_channels + 1, n_channels + 1))
    np.add.at(
        counts, tuple(steps[name].to_numpy() for name in (*at, "literal", "_channel")), steps["n_paths"].to_numpy()
    )
    return counts


def removal_effects(steps: Floats) -> Floats:
    """Share of the orders a first-order chain would lose if each channel led to nothing, over the last axes of steps.

    A walk is lost if it comes to the channel at all: P(ever there) * P(order from there) / P(order), the first two from
    the fundamental matrix N = (1 - T)^-1 (Kemeny and Snell), as N[start, c] / N[c, c] and (N o)[c]. Walking on from a
    channel to itself changes nothing. 0 where no path led to an order.
    """
    n = steps.shape[-2] - 1
    left = steps.sum(axis=-1, keepdims=True)
    chain = steps / np.where(left > 0, left, 1.0)
    start, inner, order = chain[..., 0, :n], chain[..., 1:, :n], chain[..., 1:, n]
    visits = np.linalg.inv(np.eye(n) - inner)
    expected = np.einsum("...i,...ij->...j", start, visits)
    reached = expected / np.diagonal(visits, axis1=-2, axis2=-1)
    wins = np.einsum("...ij,...j->...i", visits, order)
    whole = np.einsum("...i,...i->...", start, wins)[..., None]
    return np.asarray(reached * wins / np.where(whole > 0, whole, 1.0))


def markov_shares(effects: Floats) -> Floats:
    """Removal effects as parts of 1, over the last axis; all 0 where none is above 0."""
    total = effects.sum(axis=-1, keepdims=True)
    return np.asarray(effects / np.where(total > 0, total, 1.0))
