"""What other free-shipping thresholds would bring under the true model (effect 9): the known answer for a simulator.

Belongs here: expected profit, no random numbers. Stays out: the carts' real outcomes (carts.py).
"""

from __future__ import annotations

import numpy as np

from pipelines.synth import effects
from pipelines.synth.base import EUR_PER_UNIT, NEEDS, REGIONS, Array
from pipelines.synth.carts import MOST, Carts, fee_factor, unexposed_factor

MARGIN = 0.48
"""Part of the value of the goods that is left after their cost."""
PARCEL_COST = 5.20
"""What a standard parcel costs the company, EUR."""
TOP_UP_GAIN = 4.0
"""How far over the threshold the added item carries a cart on average, EUR."""


def expected_profit(carts: Carts) -> dict[float, float]:
    """Sum of the expected profit of all carts, EUR, for each candidate threshold (EUR; other currencies in proportion).

    Profit of a cart = P(order) × (margin × goods + fee − parcel), where P(order) uses the cart's own chances of leaving
    and the risk ratio of its need where the fee is at least 8 % of the goods. Carts in the last quarter below the
    threshold are topped up with the chance of their need. Express, pick-up, bulky and coded deliveries do not depend on
    the threshold: their fee stays as it was.
    """
    frame = carts.carts
    region, need = frame["region_no"].to_numpy(), frame["need_no"].to_numpy()
    rate = np.array([EUR_PER_UNIT[r.currency] for r in REGIONS])[region] / 100
    ratio = np.array([effects.FREE_SHIPPING[r.currency] / effects.FREE_SHIPPING["EUR"] for r in REGIONS])[region]
    standard = np.array([r.standard_fee for r in REGIONS])[region]
    goods, fee, net = (frame[name].to_numpy() for name in ("filled", "fee", "subtotal"))
    paid = 1 - frame["discount"].to_numpy() / np.maximum(net, 1)
    free = net - frame["discount"].to_numpy() >= ratio * 100 * effects.FREE_SHIPPING["EUR"]
    depends = (frame["tier"] == "standard").to_numpy() & ((fee == standard) | ((fee == 0) & free))
    reach = (1 - frame["p_leave_cart"].to_numpy()) * (1 - frame["p_leave_form"].to_numpy())
    unexposed = unexposed_factor(need, fee, frame["fee_exposed"].to_numpy())
    base = frame["p_leave_after_shipping"].to_numpy() / frame["fee_factor"].to_numpy()
    chance = np.array([effects.TOP_UP[name] for name in NEEDS])[need]

    def profit(value: Array, limit: Array) -> Array:
        charged = np.where(depends, np.where(value * paid >= limit, 0, standard), fee)
        factor = fee_factor(need, fee=charged, net=value * paid, unexposed=unexposed)
        order = reach * (1 - np.minimum(base * factor, MOST))
        return np.asarray(order * ((MARGIN * value * paid + charged) * rate - PARCEL_COST))

    out = {}
    for candidate in effects.THRESHOLD_CANDIDATES:
        limit = ratio * 100 * candidate
        near = (goods < limit) & (goods >= limit - ratio * 100 * effects.TOP_UP_WITHIN * effects.FREE_SHIPPING["EUR"])
        topped = limit + TOP_UP_GAIN / rate
        share = np.where(near, chance, 0.0)
        out[candidate] = float(np.sum((1 - share) * profit(goods, limit) + share * profit(topped, limit)))
    return out


def summary(profits: list[dict[float, float]], carts: int) -> dict[str, object]:
    """Expected profit per cart, the best candidate and those worse than the current threshold by over 0.5 %."""
    total = {
        candidate: sum(part[candidate] for part in profits) / max(carts, 1)
        for candidate in effects.THRESHOLD_CANDIDATES
    }
    current = total[effects.FREE_SHIPPING["EUR"]]
    return {
        "expected_profit_eur_per_cart": {str(candidate): round(value, 4) for candidate, value in total.items()},
        "best": max(total, key=lambda candidate: total[candidate]),
        "harmful": [candidate for candidate, value in total.items() if value < 0.995 * current],
        "margin": MARGIN,
        "parcel_cost_eur": PARCEL_COST,
    }
