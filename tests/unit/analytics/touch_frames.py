"""Paths of marketing touches for the analytics tests, added up as the warehouse's model does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import md5
from typing import Any

import numpy as np
import polars as pl

KEY = ("person_group", "buyer_kind", "order_channel", "path", "touch_position", "channel", "n_touches")


@dataclass(frozen=True)
class Path:
    """Touches of one person up to an order, or to none where ``order`` is none; each a day after the one before."""

    channels: Sequence[str]
    order: str = "web"
    buyer: str = "new"
    person: str = "p"
    amount: float = 0.0

    def rows(self) -> list[dict[str, Any]]:
        n = len(self.channels)
        weights = 0.5 ** ((n - np.arange(n)) / 7)
        decay = weights / weights.sum() if self.order != "none" else np.zeros(n)
        nobody = "unknown" if self.buyer == "unknown" else "none"
        spots = list(zip(range(1, n + 1), self.channels, decay, strict=True)) or [(0, nobody, 1.0)]
        return [
            {
                "person_group": md5(self.person.encode()).hexdigest()[:2],
                "buyer_kind": self.buyer,
                "order_channel": self.order,
                "path": " > ".join(self.channels) or nobody,
                "touch_position": position,
                "channel": channel,
                "n_touches": n,
                "n_paths": 1,
                "net_amount_reporting": self.amount,
                "decay_orders": float(share),
                "decay_amount_reporting": float(share) * self.amount,
            }
            for position, channel, share in spots
        ]


def added_up(paths: Sequence[Path], lookback_days: int = 30) -> list[dict[str, Any]]:
    """Rows of ``agg_touch_paths``."""
    rows = pl.DataFrame([row for path in paths for row in path.rows()])
    sums = rows.group_by(KEY, maintain_order=True).agg(pl.all().sum())
    return sums.with_columns(pl.lit(lookback_days).alias("lookback_days")).to_dicts()


def paths_of(orders: pl.DataFrame, staff: Sequence[str], seed: int) -> list[Path]:
    """A path of up to three touches for each valid order but those of staff, and as many that led to none."""
    rng = np.random.default_rng(seed)
    channels = np.array(["direct", "email", "paid_search", "sms"])
    found = []
    for order in orders.filter("is_valid").iter_rows(named=True):
        person = order["customer_id"]
        if person in staff:
            continue
        taken = rng.choice(channels, rng.integers(0, 4) if person else 0, p=[0.5, 0.3, 0.195, 0.005])
        kind = rng.choice(["new", "repeat"]) if person else "unknown"
        where = rng.choice(["web", "store", "phone"], p=[0.5, 0.49, 0.01])
        amount = float(order["net_amount_reporting"])
        found.append(Path([*map(str, taken)], str(where), str(kind), person or order["order_id"], amount))
        found.append(Path([str(rng.choice(channels))], "none", "new", f"visitor{len(found)}"))
    return found
