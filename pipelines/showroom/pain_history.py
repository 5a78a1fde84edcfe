"""How often each pain was met, quarter by quarter, counted from the published events.

Belongs here: the counts, and which are too few to show. Stays out: what a pain costs, and its trend in a group, which
are ``pain_points``' own.

All groups together: a group's quarter has too few cases to draw. A quarter with fewer cases than the smallest cell, or
fewer than ``FEWEST`` chances to meet it, is a gap; where a single quarter is hidden the next smallest goes with it, or
the total would give it away.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pipelines.showroom.marts import Marts

FEWEST = 100
QUARTERS = 8
Z95 = 1.959964

CARTS = """
    with steps as (select distinct cause, at_risk_step from cart_causes),
    reached as (
        select cart_id, cart_date as day, 'cart' as step from carts
        union all select cart_id, cart_date, 'checkout' from carts where has_checkout
        union all select cart_id, cart_date, 'shipping' from carts where has_shipping
        union all select cart_id, cart_date, 'payment' from carts where has_payment
    ),
    met as (select distinct cart_id, cause from cart_causes)
    select 'cart:' || steps.cause, date_trunc('quarter', reached.day), count(met.cart_id), count(*)
    from steps join reached on reached.step = steps.at_risk_step
    left join met on met.cart_id = reached.cart_id and met.cause = steps.cause
    group by 1, 2
"""
SESSIONS = """
    select 'site:checkout_error', date_trunc('quarter', session_date), count(*) filter (n_errors > 0), count(*)
    from sessions where has_checkout group by 1, 2
"""
DELIVERIES = """
    select 'delivery:late_delivery', date_trunc('quarter', order_date),
        count(*) filter (delivered_at > delivery_promised_at), count(*)
    from orders where is_valid and delivered_at is not null and delivery_promised_at is not null group by 1, 2
"""
TICKETS = """
    with base as (
        select date_trunc('quarter', opened_date) as quarter, count(*) as n from tickets
        where topic is not null group by 1
    ),
    topics as (select distinct topic from tickets where topic is not null),
    met as (select topic, date_trunc('quarter', opened_date) as quarter, count(*) as n from tickets group by 1, 2)
    select 'support:' || topics.topic, base.quarter, coalesce(met.n, 0), base.n
    from topics cross join base left join met on met.topic = topics.topic and met.quarter = base.quarter
"""
REVIEWS = """
    select 'review:low_stars_' || coalesce(product_line, feedback_kind), date_trunc('quarter', feedback_date),
        count(*) filter (stars <= 2), count(*)
    from feedback where stars is not null group by 1, 2
"""
QUERIES = (
    (CARTS, ("carts", "cart_causes"), "carts that got that far"),
    (SESSIONS, ("sessions",), "visits with a checkout"),
    (DELIVERIES, ("orders",), "deliveries with a promise"),
    (TICKETS, ("tickets",), "tickets with a topic"),
    (REVIEWS, ("feedback",), "reviews of these products"),
)
"""SQL giving pain, quarter, cases, chances; the tables it needs; and what the chances are."""


@dataclass(frozen=True)
class Quarter:
    """One quarter of a pain; a hidden one has no number."""

    period: str
    share: float | None
    lo: float | None
    hi: float | None
    n: int | None


@dataclass(frozen=True)
class History:
    """A pain's complete quarters, oldest first; ``base`` names what the share is of."""

    quarters: tuple[Quarter, ...]
    base: str

    @property
    def last(self) -> Quarter | None:
        """The last quarter that is shown."""
        return next((quarter for quarter in reversed(self.quarters) if quarter.share is not None), None)


def histories(marts: Marts, as_of: date, min_cell: int) -> Mapping[str, History]:
    """Every pain's quarters by its name as ``kind:pain``; kinds whose events are not published are left out."""
    found: dict[str, History] = {}
    ends = quarter_starts(as_of)
    for sql, tables, base in QUERIES:
        if not all(marts.has(table) for table in tables):
            continue
        counts: dict[str, dict[date, tuple[int, int]]] = {}
        for pain, start, cases, chances in marts.con.execute(sql).fetchall():
            if start is not None:
                counts.setdefault(pain, {})[_day(start)] = (cases, chances)
        for pain, by_start in sorted(counts.items()):
            found[pain] = History(shown([(start, *by_start.get(start, (0, 0))) for start in ends], min_cell), base)
    return found


def quarter_starts(as_of: date) -> list[date]:
    """First days of the last complete quarters before the day the numbers speak for, oldest first."""
    number = as_of.year * 4 + (as_of.month - 1) // 3
    return [date(q // 4, q % 4 * 3 + 1, 1) for q in range(number - QUARTERS, number)]


def shown(counts: list[tuple[date, int, int]], min_cell: int) -> tuple[Quarter, ...]:
    """(start, cases, chances) as quarters with a share and its margin, or hidden."""

    def is_few(cases: int, chances: int) -> bool:
        return chances < FEWEST or 0 < cases < min_cell or 0 < chances - cases < min_cell

    hidden = {start for start, cases, chances in counts if is_few(cases, chances)}
    rest = sorted((cases, start) for start, cases, _ in counts if start not in hidden and cases)
    if len(hidden) == 1 and rest:
        hidden.add(rest[0][1])
    return tuple(
        Quarter(_name(start), None, None, None, None)
        if start in hidden
        else Quarter(_name(start), cases / chances, *wilson(cases, chances), chances)
        for start, cases, chances in counts
    )


def wilson(cases: int, chances: int) -> tuple[float, float]:
    """Both ends of the 95 % interval of a share (Wilson 1927)."""
    share, z2 = cases / chances, Z95**2
    middle = (share + z2 / (2 * chances)) / (1 + z2 / chances)
    half = Z95 * math.sqrt(share * (1 - share) / chances + z2 / (4 * chances**2)) / (1 + z2 / chances)
    return max(0.0, middle - half), min(1.0, middle + half)


def _day(value: date) -> date:
    return date(value.year, value.month, value.day)


def _name(start: date) -> str:
    return f"{start.year}Q{(start.month + 2) // 3}"
