"""The intervals of attribution hold what they promise: in samples of a company whose shares are known exactly.

The company is a mix of kinds of persons, each with its own paths, so that the orders of one person are alike; a few
persons order much. Its true shares are those of the mix itself.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipelines.analytics.journey.attribution import allotted, draws
from pipelines.analytics.journey.attribution_rules import RULES, credits_of

SAMPLES = 200
PERSONS = 1500
GROUPS = 256

KINDS = (
    # Of a hundred persons, and what each of them does: the touches, whether an order came, its amount, how often.
    (40, ((("direct",), True, 60.0, 1), (("organic_search", "direct"), False, 0.0, 1))),
    (25, ((("organic_search",), False, 0.0, 2), (("organic_search", "paid_search"), True, 120.0, 1))),
    (15, ((("paid_search",), False, 0.0, 1),)),
    (10, ((("email",), True, 40.0, 4), (("email", "direct"), True, 50.0, 2), (("direct",), False, 0.0, 1))),
    (6, (((), True, 90.0, 3),)),
    (4, ((("social", "organic_search", "email"), True, 300.0, 1), (("social",), False, 0.0, 3))),
)


def kind_rows():
    """The rows of one person of each kind, as ``agg_touch_paths`` has them, with the kind."""
    found = []
    for kind, (_, paths) in enumerate(KINDS):
        for channels, led, amount, times in paths:
            n = len(channels)
            weights = 2.0 ** np.arange(n)
            decay = weights / weights.sum() if led else np.zeros(n)
            spots = list(zip(range(1, n + 1), channels, decay.tolist(), strict=True)) or [(0, "none", 1.0)]
            found += [
                {
                    "_kind": kind,
                    "buyer_kind": "new",
                    "order_channel": "web" if led else "none",
                    "path": " > ".join(channels) or "none",
                    "touch_position": place,
                    "channel": channel,
                    "n_touches": n,
                    "n_paths": times,
                    "net_amount_reporting": times * amount,
                    "decay_orders": times * share,
                    "decay_amount_reporting": times * amount * share,
                }
                for place, channel, share in spots
            ]
    return pl.DataFrame(found)


def company(persons):
    """The rows of a company from the number of persons by group and kind."""
    group, kind = np.nonzero(persons)
    counted = pl.DataFrame({"_kind": kind, "_n": persons[group, kind]}).with_columns(
        pl.Series("person_group", [f"{number:02x}" for number in group])
    )
    values = ["n_paths", "net_amount_reporting", "decay_orders", "decay_amount_reporting"]
    return (
        counted.join(kind_rows(), on="_kind")
        .with_columns(pl.col(values) * pl.col("_n"))
        .group_by("person_group", "buyer_kind", "order_channel", "path", "touch_position", "channel", "n_touches")
        .agg(pl.col(values).sum())
    )


CHANNELS = sorted({channel for _, paths in KINDS for channels, *_ in paths for channel in channels} | {"none"})


def shares(rows, times):
    found = credits_of(rows, CHANNELS)
    led = np.array([channel != "none" for _, channel in found.outcomes])
    weights = np.ones((2, found.sums.shape[1])) if times is None else times[:, : found.sums.shape[1]]
    return allotted(found, np.ones_like(led), led, weights).sort("rule", "channel")


@pytest.fixture(scope="module")
def covered():
    """Per rule and channel, how often the interval held the truth; for the share, its amount and the removal effect."""
    truth = shares(company(np.array([[size for size, _ in KINDS]])), None)
    rng = np.random.default_rng(11)
    sizes = np.array([size for size, _ in KINDS]) / 100
    times = draws(GROUPS)
    held = np.zeros((3, truth.height))
    columns = (
        ("value", "lo", "hi"),
        *((name, f"{name}_lo", f"{name}_hi") for name in ("amount_share", "removal_effect")),
    )
    for _ in range(SAMPLES):
        kind = rng.choice(len(KINDS), PERSONS, p=sizes)
        persons = np.zeros((GROUPS, len(KINDS)), dtype=np.int64)
        np.add.at(persons, (rng.integers(0, GROUPS, PERSONS), kind), 1)
        sample = shares(company(persons), times)
        for place, (value, lo, hi) in enumerate(columns):
            true = truth[value].to_numpy()
            held[place] += (sample[lo].to_numpy() <= true + 1e-9) & (true <= sample[hi].to_numpy() + 1e-9)
    return truth.select("rule", "channel", "value").with_columns(
        pl.Series(name, held[place] / SAMPLES) for place, name in enumerate(("share", "amount", "removal"))
    )


def test_shares_are_covered(covered):
    """Every rule and channel with any credit; 95 % is promised, 200 samples leave three points of chance."""
    some = covered.filter(pl.col("value") > 0)
    assert set(some["rule"]) == set(RULES)
    assert some["share"].min() >= 0.9
    assert some["share"].mean() == pytest.approx(0.95, abs=0.02)


def test_shares_of_revenue_are_covered(covered):
    some = covered.filter(pl.col("value") > 0)
    assert some["amount"].min() >= 0.9
    assert some["amount"].mean() == pytest.approx(0.95, abs=0.02)


def test_removal_effects_are_covered(covered):
    chain = covered.filter(pl.col("channel") != "none", rule="markov")
    assert chain["removal"].min() >= 0.9
