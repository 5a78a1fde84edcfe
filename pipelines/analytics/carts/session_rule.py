"""Cart episodes beside the rule on single sessions: how many "abandonments" of the one the other does not count.

Belongs here: what became of the carts behind such sessions. Stays out: what a cart or such a session is (models of the
warehouse), and the rates (abandonment.py).

Two rules are compared. The session rule: a session with an add and no order in it. The cart episode: a cart with value,
followed over sessions, devices and the person's records, that brought no order within 24 hours of being left. Every
abandonment of either stands in exactly one row, so the rows of a rule add up to it.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.tables import TABLES

BOTH, SESSION_ONLY, CART_ONLY = "both", "session_only", "cart_only"
OUTCOMES = {
    "abandoned": BOTH,
    "recovered": BOTH,
    "bought_elsewhere": BOTH,
    "agent_later": BOTH,
    "same_cart_again": SESSION_ONLY,
    "bought": SESSION_ONLY,
    "bought_over_devices": SESSION_ONLY,
    "agent_in_time": SESSION_ONLY,
    "emptied": SESSION_ONLY,
    "not_over": SESSION_ONLY,
    "worth_nothing": SESSION_ONLY,
    "no_session_of_its_own": CART_ONLY,
}
"""What became of the cart, and which rule counts it. What both count may still have been bought in the end."""

EXITS = pl.col("n_session_exits")
LOST = pl.col("is_abandoned")


def outcome_counts(carts: pl.DataFrame) -> dict[str, int]:
    """Abandonments of either rule by outcome."""
    state = pl.col("state")
    bought = ~LOST & (state == "purchased")
    kept = EXITS.filter(~LOST)
    left = LOST & (EXITS > 0)
    sums = {
        "abandoned": (left & (state == "abandoned")).sum(),
        "recovered": (left & (state == "recovered")).sum(),
        "bought_elsewhere": (left & (state == "bought_elsewhere")).sum(),
        "agent_later": (left & (state == "completed_by_agent")).sum(),
        "same_cart_again": (EXITS - 1).filter(left).sum(),
        "bought": EXITS.filter(bought & (pl.col("n_devices") <= 1)).sum(),
        "bought_over_devices": EXITS.filter(bought & (pl.col("n_devices") > 1)).sum(),
        "agent_in_time": EXITS.filter(~LOST & (state == "completed_by_agent")).sum(),
        "emptied": EXITS.filter(~LOST & (state == "emptied")).sum(),
        "not_over": EXITS.filter(~LOST & state.is_in(["open", "grace"])).sum(),
        "no_session_of_its_own": (LOST & (EXITS == 0)).sum(),
    }
    found = carts.select(kept.sum().alias("_kept"), **sums).row(0, named=True)
    counted = {name: int(found[name] or 0) for name in sums}
    named = ("bought", "bought_over_devices", "agent_in_time", "emptied", "not_over")
    # Whatever no state explains: a cart whose value nobody knows.
    return counted | {"worth_nothing": int(found["_kept"] or 0) - sum(counted[name] for name in named)}


def hidden_outcomes(counts: dict[str, int], min_cell: int) -> set[str]:
    """Outcomes that may not be shown: small ones, and those that give them away beside the number of abandoned carts.

    That number follows from the abandonment rate; the session rule's own total is not published.
    """
    names = [*OUTCOMES, "_total"]
    of_cart = [name for name, rule in OUTCOMES.items() if rule != SESSION_ONLY]
    values = [*(counts[name] for name in OUTCOMES), sum(counts[name] for name in of_cart)]
    known = disclosure.Sum(names.index("_total"), tuple(names.index(name) for name in of_cart))
    return {names[position] for position in disclosure.hide(values, [known], min_cell)}


def build_cart_session_rule(
    *, carts: pl.DataFrame, customers: pl.DataFrame, as_of: date, run_id: str, min_cell: int
) -> pl.DataFrame:
    """One row per outcome, over all carts of the company but those of staff; shares are of the abandoned carts."""
    table = TABLES["cart_session_rule"]
    if carts.is_empty():
        return table.conform(table.empty(), as_of=as_of, run_id=run_id)
    counts = outcome_counts(cells.without_staff(carts, customers))
    hidden = hidden_outcomes(counts, min_cell)
    frame = pl.DataFrame(
        {"outcome": list(OUTCOMES), "counted_by": list(OUTCOMES.values()), "n_outcome": [counts[n] for n in OUTCOMES]}
    )
    of_cart = pl.col("counted_by") != SESSION_ONLY
    based = frame.with_columns(
        pl.when(of_cart).then(pl.col("n_outcome").filter(of_cart).sum()).alias("n"),
        pl.when(of_cart)
        .then(pl.lit("abandoned carts"))
        .otherwise(pl.lit("count of sessions with an add and no order"))
        .alias("basis"),
        pl.col("outcome").is_in([*hidden]).alias("suppressed"),
    )
    share = stats.wilson(based["n_outcome"].to_numpy(), based["n"].fill_null(0).to_numpy())
    marked = based.with_columns(
        pl.when(of_cart).then(pl.Series(name, getattr(share, name), pl.Float64)).alias(name)
        for name in ("value", "lo", "hi")
    ).with_columns(pl.col("suppressed") | (of_cart & pl.lit("_total" in hidden)))
    return table.conform(disclosure.blank(marked, table, pl.col("suppressed")), as_of=as_of, run_id=run_id)
