"""How often each pain was met, quarter by quarter, as the published table has it.

Belongs here: which quarters a line has, gaps among them. Stays out: counting and hiding (``pain_quarters`` of the
analytics), the drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.showroom.marts import Row

TABLE = "pain_quarters"


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
    """A pain's complete quarters, oldest first; ``base`` says what the share is of."""

    quarters: tuple[Quarter, ...]
    base: str

    @property
    def last(self) -> Quarter | None:
        """The last quarter that is shown."""
        return next((quarter for quarter in reversed(self.quarters) if quarter.share is not None), None)


def histories(rows: Sequence[Row]) -> Mapping[str, History]:
    """Every pain's quarters by its name as ``kind:pain``; all have the same quarters, without units there is a gap."""
    periods = sorted({str(row["period"]) for row in rows})
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(f"{row['kind']}:{row['pain']}", {})[str(row["period"])] = row
    return {
        pain: History(
            tuple(
                Quarter(period, *(of[period][name] for name in ("value", "lo", "hi", "n")))
                if period in of
                else Quarter(period, None, None, None, None)
                for period in periods
            ),
            str(next(iter(of.values()))["basis"]),
        )
        for pain, of in sorted(found.items())
    }
