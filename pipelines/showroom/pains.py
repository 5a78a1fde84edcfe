"""Pain points of every segment in one table, and the money by stage and segment.

Belongs here: the rows of the pain-point page. Stays out: how a pain is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.showroom import copy
from pipelines.showroom import format as fmt
from pipelines.showroom import opportunities as ideas
from pipelines.showroom.charts import bars, spark
from pipelines.showroom.figures import columns_of, key
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Cell, ChartRow, Figure, Filter, How, RowChart, Tile, TileMap
from pipelines.showroom.pain_history import TABLE as QUARTERS
from pipelines.showroom.pain_history import History

MOST = 40
MOST_OPTIONS = 8
"""Options a choice may have: the style sheet has a rule for each."""
PAIN_METRICS = ("pain_amount_year", "pain_urgency", "pain_frequency")
NOBODY = "Nobody yet"
TRENDS = {"rising": "Growing", "falling": "Shrinking", "steady": "Steady"}


def barrier_rows(rows: Sequence[Row], scheme: str) -> list[Row]:
    """Every shown barrier of the scheme's segments."""
    return [row for row in rows if row["scheme_id"] == scheme and row["lane"] == "barriers" and not row["suppressed"]]


def amount_of(row: Row) -> float:
    """What mending it could bring back a year; 0 where that is not clear of zero."""
    lo = row["recoverable_revenue_year_lo"]
    return float(row["recoverable_revenue_year"]) if lo is not None and lo > 0 else 0.0


@dataclass(frozen=True)
class Known:
    """What is known of pains beside their own rows. Keys are kind:pain, of ``trends`` with the segment before it."""

    names: Mapping[str, str]
    currency: str
    trends: Mapping[tuple[str, str], str]
    histories: Mapping[str, History]
    mended_by: Mapping[str, Row]
    """The opportunity a pain is filed under."""


def trends_of(pains: Sequence[Row]) -> dict[tuple[str, str], str]:
    return {(row["segment_id"], f"{row['kind']}:{row['pain']}"): row["trend"] for row in pains}


def mended_by(opportunities: Sequence[Row], evidence: Sequence[Row]) -> dict[str, Row]:
    """The opportunity each pain is filed under; of several the open one worth most."""
    rows = {row["opportunity_id"]: row for row in opportunities}
    ordered = [row["opportunity_id"] for row in ideas.in_order(opportunities)]
    ordered.sort(key=lambda name: rows[name]["status"] in ideas.CLOSED)
    found: dict[str, Row] = {}
    for name in ordered:
        for row in evidence:
            if row["opportunity_id"] == name and (pain := _pain_of(row)):
                found.setdefault(pain, rows[name])
    return found


def _pain_of(row: Row) -> str:
    """The pain a finding is about, as kind:pain; none for findings of other kinds."""
    finding = str(row["finding"])
    if row["found_in"] == "cart_abandonment_causes":
        return f"cart:{finding}"
    if row["found_in"] == "pain_points":
        return finding
    return f"support:{finding.removeprefix('tickets:')}" if finding.startswith("tickets:") else ""


def pains_chart(rows: Sequence[Row], known: Known, scheme: str) -> RowChart:
    """All barriers, by what mending them could bring back; uncosted ones after them by how many meet them."""
    found = sorted(
        barrier_rows(rows, scheme),
        key=lambda row: (-amount_of(row), -(row["value"] or 0.0), row["segment_id"], row["item"]),
    )
    drawn = found[:MOST]
    top = max((row["recoverable_revenue_year_hi"] for row in drawn if amount_of(row)), default=1.0)
    costed = sum(1 for row in found if amount_of(row))
    figure = Figure(
        figure_id="pain-points",
        kicker="Pain points",
        title=_title(found, known.names),
        dek="Every barrier of every group, by what mending it could bring back in a year. Barriers overlap, so the "
        "amounts have no sum.",
        how=How(
            words="A barrier is something people met that goes with a loss: a cart without an order, an order after "
            "which nothing was bought for half a year. Only causes of lost carts are costed, and only where the "
            "margin lies above zero. The trend is the group's own, over four quarters. The line is of all groups "
            "together, the last eight quarters that are over: the share of carts, visits, orders or reviews that met "
            "it, with its margin as if each stood alone; a quarter of too few cases is a gap. Who would mend it is "
            "who keeps the opportunity that names it.",
            tables=("journey_map", "pain_points", "cart_abandonment_causes", QUARTERS, ideas.TABLE, ideas.EVIDENCE),
            metrics=tuple((name, "") for name in ("recoverable_revenue_year", *PAIN_METRICS)),
        ),
        rows=tuple(_figure_row(row, known) for row in found),
        absent="" if found else copy.absent("journey_map", "Pain points by group are"),
    )
    choices = _filters(drawn, known)
    table = tuple(_row(row, known, top, choices) for row in drawn)
    return RowChart(
        figure,
        ("Barrier", "Recoverable a year", "Meet it", "Trend", "All groups, by quarter", "Would be mended by"),
        table,
        key(("sure orange", "at least"), ("margin orange", "95% margin"), ("tick", "best estimate")),
        f"{costed} of {len(found)} are costed. {copy.cut(MOST, len(found))}".strip(),
        filters=choices,
    )


def _figure_row(row: Row, known: Known) -> dict[str, Any]:
    """A barrier as the file behind the figure has it, its quarters one column each."""
    shown = columns_of(
        row,
        *("scheme_id", "segment_id", "stage", "item", "text", "value", "lo", "hi", "n", "suppressed"),
        *(f"recoverable_revenue_year{end}" for end in ("", "_lo", "_hi")),
    )
    by = known.mended_by.get(row["item"])
    shown |= {
        "trend": known.trends.get((row["segment_id"], row["item"])),
        "opportunity_id": by and by["opportunity_id"],
        "opportunity_owner": by and by["owner"],
    }
    own = known.histories.get(row["item"])
    for quarter in own.quarters if own else next(iter(known.histories.values()), History((), "")).quarters:
        for name in ("share", "lo", "hi", "n"):
            shown[f"all_{quarter.period}_{name}"] = getattr(quarter, name) if own else None
    return shown


def _filters(drawn: Sequence[Row], known: Known) -> tuple[Filter, ...]:
    """What the rows can be narrowed to; a choice of one is none."""
    stages = {row["stage"]: (row["stage_order"], row["stage_name"]) for row in drawn}
    owners = sorted({_owner(row, known) for row in drawn})
    groups = [
        (segment, name) for segment, name in known.names.items() if any(r["segment_id"] == segment for r in drawn)
    ]
    found = (
        Filter("Group", tuple((f"g{place}", name) for place, (_, name) in enumerate(groups))),
        Filter("Stage", tuple((f"s{place}", name) for place, (_, name) in enumerate(sorted(stages.values())))),
        Filter("Kept by", tuple((f"o{place}", owner) for place, owner in enumerate(owners))),
    )
    return tuple(each for each in found if 1 < len(each.options) <= MOST_OPTIONS)


def _classes(row: Row, known: Known, choices: Sequence[Filter]) -> str:
    """The classes by which the choices find the row."""
    values = {"Group": known.names[row["segment_id"]], "Stage": row["stage_name"], "Kept by": _owner(row, known)}
    return " ".join(mark for each in choices for mark, name in each.options if name == values[each.legend])


def _owner(row: Row, known: Known) -> str:
    by = known.mended_by.get(row["item"])
    return str(by["owner"]) if by else NOBODY


def _title(found: Sequence[Row], names: Mapping[str, str]) -> str:
    if not found or not amount_of(found[0]):
        return "No barrier can be costed yet"
    first = found[0]
    return f"“{first['text']}” among {names[first['segment_id']].lower()} has the largest estimate"


def _row(row: Row, known: Known, top: float, choices: Sequence[Filter]) -> ChartRow:
    amount = amount_of(row)
    if amount:
        lo, hi = row["recoverable_revenue_year_lo"], row["recoverable_revenue_year_hi"]
        mark = bars.interval_bar(amount, lo, hi, top, style="orange")
        money = Cell(
            "Recoverable a year", mark, fmt.money(amount, known.currency), fmt.money_range(lo, hi, known.currency)
        )
    else:
        words = "Not costed yet" if row["recoverable_revenue_year"] is None else "Not clear of zero"
        money = Cell("Recoverable a year", text=words, style="words")
    trend = known.trends.get((row["segment_id"], row["item"]), "")
    by = known.mended_by.get(row["item"])
    link = f"opportunities.html#{by['opportunity_id']}" if by else ""
    return ChartRow(
        row["text"],
        f"{known.names[row['segment_id']]} · {row['stage_name']}",
        (
            money,
            Cell("Meet it", text=fmt.share(row["value"]), small=fmt.share_range(row["lo"], row["hi"])),
            Cell("Trend", text=TRENDS.get(trend, "Not told"), style="" if trend in TRENDS else "quiet"),
            _series(known.histories.get(row["item"])),
            Cell("Would be mended by", text=_owner(row, known), small=_remedy(by), link=link),
        ),
        style=_classes(row, known, choices),
        group=row["segment_id"],
    )


def _remedy(by: Row | None) -> str:
    """The opportunity's title; of one that is closed that it is."""
    if by is None:
        return ""
    closed = f" ({fmt.lower(ideas.STATUSES[by['status']])})" if by["status"] in ideas.CLOSED else ""
    return f"{by['title']}{closed}"


def _series(history: History | None) -> Cell:
    """The quarters drawn, the last that is shown in words, and how many are not."""
    label = "All groups, by quarter"
    last = history.last if history else None
    if history is None or last is None:
        return Cell(label, text="Too few cases" if history else "Not counted", style="series quiet")
    points = [
        None
        if quarter.share is None or quarter.lo is None or quarter.hi is None
        else (quarter.share, quarter.lo, quarter.hi)
        for quarter in history.quarters
    ]
    gaps = points.count(None)
    few = f", {fmt.in_words(gaps)} {'quarter' if gaps == 1 else 'quarters'} too few" if gaps else ""
    small = f"of {fmt.count(last.n)} {history.base}, {fmt.quarter(last.period)}{few}"
    return Cell(label, spark.history(points), fmt.share(last.share), small, "series")


def pain_tiles(
    rows: Sequence[Row], stages: Sequence[tuple[str, str]], names: Mapping[str, str], currency: str, scheme: str
) -> TileMap:
    """The largest costed barrier of each stage and segment."""
    largest: dict[tuple[str, str], float] = {}
    for row in barrier_rows(rows, scheme):
        place = (row["segment_id"], row["stage"])
        largest[place] = max(largest.get(place, 0.0), amount_of(row))
    top = max(largest.values(), default=0.0)
    table = tuple(
        (segment, name, tuple(_tile(largest.get((segment, stage)), top, currency) for stage, _ in stages))
        for segment, name in names.items()
    )
    where = [(amount, stage) for (_, stage), amount in largest.items()]
    stage_names = dict(stages)
    title = (
        f"The costliest barrier is met {copy.at_stage(max(where)[1], stage_names[max(where)[1]])}"
        if top
        else "Nothing is costed yet"
    )
    figure = Figure(
        figure_id="pain-money",
        kicker="Where it hurts",
        title=title,
        dek="The largest costed barrier of each group and stage, a year. Darker is more.",
        how=How(
            words="One barrier a tile, the largest: barriers overlap, so they are not added.",
            tables=("journey_map",),
            metrics=(("recoverable_revenue_year", ""),),
        ),
        rows=tuple(
            {
                "segment_id": segment,
                "stage": stage,
                "largest_recoverable_revenue_year": largest.get((segment, stage)) or None,
                "suppressed": False,
            }
            for segment in names
            for stage, _ in stages
        ),
        absent="" if top else copy.absent("journey_map", "Costed barriers are"),
    )
    return TileMap(figure, tuple(name for _, name in stages), table)


def _tile(amount: float | None, top: float, currency: str) -> Tile:
    if not amount:
        return Tile(fmt.NOTHING, 9, "Nothing costed" if amount is None else "Not clear of zero")
    level = -2 if amount >= 0.5 * top else -1 if amount >= 0.15 * top else 0
    return Tile(fmt.money(amount, currency), level, f"{fmt.money(amount, currency)} a year")
