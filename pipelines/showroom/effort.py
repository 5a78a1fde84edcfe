"""Opportunities by what they take: what each could bring, a column an effort, on one scale; and who keeps how many.

Belongs here: which idea stands in which column, what is marked as thin. Stays out: the list of ideas and their details
(``opportunities.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.showroom import copy
from pipelines.showroom import format as fmt
from pipelines.showroom.charts import bars
from pipelines.showroom.figures import columns_of, key
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Cell, ChartRow, Figure, How, RowChart
from pipelines.showroom.opportunities import CLOSED, EFFORTS, TABLE, in_order

FEW = 100
"""Cases below which a range is drawn as thin."""


@dataclass(frozen=True)
class Idea:
    opportunity_id: str
    title: str
    mark: Markup
    number: str
    small: str


@dataclass(frozen=True)
class Column:
    """The ideas of one effort, the most valuable first; ``uncosted`` are pairs of id and title."""

    name: str
    ideas: tuple[Idea, ...]
    uncosted: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Efforts:
    """Value against effort."""

    figure: Figure
    columns: tuple[Column, ...]
    axis: Markup
    key: Markup


def efforts(rows: Sequence[Row], currency: str, *, is_there: bool) -> Efforts:
    """Every open idea in the column of its effort; all columns share one scale of money."""
    drawn = [row for row in in_order(rows) if row["status"] not in CLOSED]
    costed = [row for row in drawn if _is_costed(row)]
    top = max((row["hi"] for row in costed), default=1.0)
    columns = []
    for effort in EFFORTS:
        own = [row for row in drawn if row["effort"] == effort]
        ideas = tuple(_idea(row, top, currency) for row in own if _is_costed(row))
        rest = tuple((str(row["opportunity_id"]), str(row["title"])) for row in own if not _is_costed(row))
        columns.append(Column(f"{fmt.human(effort)} effort", ideas, rest))
    figure = Figure(
        figure_id="opportunities-by-effort",
        kicker="Value and effort",
        title=copy.efforts_title(
            [(str(row["effort"]), row["lo"], row["hi"]) for row in costed], [str(row["effort"]) for row in drawn]
        ),
        dek="What each open idea could bring in a year, from its low to its high end, on one scale for all columns. "
        "Ideas overlap, so they have no sum.",
        how=How(
            words="The range combines the margin of the amount that goes with a finding with the range of what is "
            "assumed to come back. A hollow dot rests on one kind of evidence, or on fewer than "
            f"{FEW} cases. Effort is the estimate of who keeps the idea.",
            tables=(TABLE,),
            metrics=(("opportunity_value_year", ""),),
        ),
        rows=tuple(
            columns_of(
                row,
                *("opportunity_id", "title", "effort", "value", "lo", "hi", "n", "basis", "suppressed"),
                *("evidence_grade", "owner", "status"),
            )
            for row in drawn
        ),
        absent=_absent(drawn, is_there=is_there),
    )
    entries = (("margin blue", "from the low to the high end"), ("dot", "middle, several kinds of evidence"))
    return Efforts(
        figure, tuple(columns), bars.money_axis(top, currency), key(*entries, ("dot hollow", "one kind, or few cases"))
    )


def _absent(drawn: Sequence[Row], *, is_there: bool) -> str:
    if not is_there:
        return copy.absent(TABLE, "Opportunities are")
    return "" if drawn else copy.NONE_OPEN


def _is_costed(row: Row) -> bool:
    return row["value"] is not None and row["lo"] is not None and row["hi"] is not None


def _idea(row: Row, top: float, currency: str) -> Idea:
    is_thin = row["evidence_grade"] != "triangulated" or (row["n"] or 0) < FEW
    return Idea(
        str(row["opportunity_id"]),
        str(row["title"]),
        bars.range_dot(row["value"], row["lo"], row["hi"], (0.0, top), style="blue thin" if is_thin else "blue"),
        fmt.money(row["value"], currency),
        f"{fmt.money_range(row['lo'], row['hi'], currency)} · n {fmt.count(row['n'])}",
    )


def keepers_chart(rows: Sequence[Row], statuses: Mapping[str, str]) -> RowChart:
    """Who keeps how many open ideas, where they stand, and what is overdue."""
    drawn = [row for row in in_order(rows) if row["status"] not in CLOSED]
    owners = sorted({str(row["owner"]) for row in drawn})
    most = max((sum(row["owner"] == owner for row in drawn) for owner in owners), default=1)
    table = []
    lines = []
    for owner in owners:
        own = [row for row in drawn if row["owner"] == owner]
        late = sum(bool(row["is_overdue"]) for row in own)
        counts = {status: sum(row["status"] == status for row in own) for status in statuses if status not in CLOSED}
        said = ", ".join(f"{fmt.lower(statuses[status])} {number}" for status, number in counts.items() if number)
        lines.append({"owner": owner, "open": len(own), **counts, "costed": sum(map(_is_costed, own)), "overdue": late})
        table.append(
            ChartRow(
                owner,
                "",
                (
                    Cell("Open ideas", bars.reach_bar(len(own) / most, None), fmt.count(len(own))),
                    Cell("Costed", text=fmt.count(lines[-1]["costed"])),
                    Cell("Where they stand", text=said),
                    Cell("Review overdue", text=fmt.count(late) if late else "None", style="down" if late else "quiet"),
                ),
            )
        )
    stamp = {name: drawn[0][name] for name in ("as_of", "run_id")} if drawn else {}
    figure = Figure(
        figure_id="opportunities-by-owner",
        kicker="Who keeps what",
        title=copy.keepers_title(len(owners), sum(bool(row["is_overdue"]) for row in drawn)),
        dek="Open ideas by who answers for them. Their values have no sum: ideas overlap.",
        how=How(words="Counted from the list of opportunities; closed ones are left out.", tables=(TABLE,)),
        rows=tuple(line | stamp for line in lines),
        absent="" if drawn else copy.NONE_OPEN,
    )
    head = ("Kept by", "Open ideas", "Costed", "Where they stand", "Review overdue")
    return RowChart(figure, head, tuple(table), Markup(""))
