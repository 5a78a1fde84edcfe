"""Pain points of every segment in one table, and the money by stage and segment.

Belongs here: the rows of the pain-point page. Stays out: how a pain is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.showroom import copy
from pipelines.showroom import format as fmt
from pipelines.showroom.charts import bars
from pipelines.showroom.figures import columns_of, key
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Cell, ChartRow, Figure, How, RowChart, Tile, TileMap

MOST = 60
TRENDS = {"rising": "Growing", "falling": "Shrinking", "steady": "Steady"}


def barrier_rows(rows: Sequence[Row], scheme: str) -> list[Row]:
    """Every shown barrier of the scheme's segments."""
    return [row for row in rows if row["scheme_id"] == scheme and row["lane"] == "barriers" and not row["suppressed"]]


def amount_of(row: Row) -> float:
    """What mending it could bring back a year; 0 where that is not clear of zero."""
    lo = row["recoverable_revenue_year_lo"]
    return float(row["recoverable_revenue_year"]) if lo is not None and lo > 0 else 0.0


def pains_chart(
    rows: Sequence[Row], pains: Sequence[Row], names: Mapping[str, str], currency: str, scheme: str
) -> RowChart:
    """All barriers, by what mending them could bring back; uncosted ones after them by how many meet them."""
    trends = {(row["segment_id"], f"{row['kind']}:{row['pain']}"): row["trend"] for row in pains}
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
        title=_title(found, names),
        dek="Every barrier of every group, by what mending it could bring back in a year. Barriers overlap, so the "
        "amounts have no sum.",
        how=How(
            words="A barrier is something people met that goes with a loss: a cart without an order, an order after "
            "which nothing was bought for half a year. Only causes of lost carts are costed, and only where the "
            "margin lies above zero.",
            tables=("journey_map", "pain_points", "cart_abandonment_causes"),
            metrics=(("recoverable_revenue_year", ""), ("pain_amount_year", "")),
        ),
        rows=tuple(
            columns_of(
                row,
                *("scheme_id", "segment_id", "stage", "item", "text", "value", "lo", "hi", "n", "suppressed"),
                *(f"recoverable_revenue_year{end}" for end in ("", "_lo", "_hi")),
            )
            for row in found
        ),
        absent="" if found else copy.absent("journey_map", "Pain points by group are"),
    )
    table = tuple(_row(row, names, currency, top, trends.get((row["segment_id"], row["item"]))) for row in drawn)
    cut = f" The first {MOST} of {len(found)} are drawn; the file has all." if len(found) > MOST else ""
    return RowChart(
        figure,
        ("Barrier", "Recoverable a year", "Meet it", "Trend"),
        table,
        key(("sure orange", "at least"), ("margin orange", "95% margin"), ("tick", "best estimate")),
        f"{costed} of {len(found)} are costed.{cut}",
    )


def _title(found: Sequence[Row], names: Mapping[str, str]) -> str:
    if not found or not amount_of(found[0]):
        return "No barrier can be costed yet"
    first = found[0]
    return f"“{first['text']}” among {names[first['segment_id']].lower()} has the largest estimate"


def _row(row: Row, names: Mapping[str, str], currency: str, top: float, trend: str | None) -> ChartRow:
    amount = amount_of(row)
    if amount:
        lo, hi = row["recoverable_revenue_year_lo"], row["recoverable_revenue_year_hi"]
        mark = bars.interval_bar(amount, lo, hi, top, style="orange")
        money = Cell("Recoverable a year", mark, fmt.money(amount, currency), fmt.money_range(lo, hi, currency))
    else:
        words = "Not costed yet" if row["recoverable_revenue_year"] is None else "Not clear of zero"
        money = Cell("Recoverable a year", text=words, style="words")
    return ChartRow(
        row["text"],
        f"{names[row['segment_id']]} · {row['stage_name']}",
        (
            money,
            Cell("Meet it", text=fmt.share(row["value"]), small=fmt.share_range(row["lo"], row["hi"])),
            Cell("Trend", text=TRENDS.get(trend or "", "Not told"), style="" if trend in TRENDS else "quiet"),
        ),
        group=row["segment_id"],
    )


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
        absent="" if rows else copy.absent("journey_map", "Pain points by group are"),
    )
    return TileMap(figure, tuple(name for _, name in stages), table)


def _tile(amount: float | None, top: float, currency: str) -> Tile:
    if not amount:
        return Tile(fmt.NOTHING, 9, "Nothing costed" if amount is None else "Not clear of zero")
    level = -2 if amount >= 0.5 * top else -1 if amount >= 0.15 * top else 0
    return Tile(fmt.money(amount, currency), level, f"{fmt.money(amount, currency)} a year")
