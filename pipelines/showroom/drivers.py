"""What a segment's satisfaction goes with: how much each thing weighs, and how they rate it.

Belongs here: the rows of the figure and what each reads like. Stays out: how a weight is reckoned.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pipelines.showroom import copy
from pipelines.showroom import format as fmt
from pipelines.showroom.charts import bars
from pipelines.showroom.figures import KEY_BLUE, columns_of, key
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Cell, ChartRow, Figure, How, RowChart

TABLE = "satisfaction_drivers"
NAMES = {
    "quality": "quality",
    "value_for_money": "value for money",
    "expectation": "what they expected",
    "ease": "ease",
    "no_complaint": "having nothing to complain of",
}
BEGIN = "Weighs much, rated low: begin here"


def drivers_chart(rows: Sequence[Row], *, figure_id: str) -> RowChart:
    """``rows`` are the segment's rows of the table; those of too few answers say so."""
    told = sorted((row for row in rows if row["status"] == "measured"), key=lambda row: (row["rank"], row["driver"]))
    first = [_name(row) for row in told if row["rank_lo"] == 1]
    top = max((row["hi"] for row in told if row["hi"] is not None), default=1.0)
    figure = Figure(
        figure_id=figure_id,
        kicker="What satisfaction goes with",
        title=copy.drivers_title(first),
        dek="How much of what tells satisfied answers from others goes with each thing, and how they rate it from 0 to "
        "100, in the year. An association: nobody was made to rate a thing.",
        how=How(
            words="The variance of the index that five answers explain together, shared out among them as the mean "
            "over all orders of adding them (Shapley). Margins and ranks come from drawing customers anew. Much is "
            "more than an equal part, low is below the middle of the five, each by more than the margin.",
            tables=(TABLE,),
        ),
        rows=tuple(
            columns_of(
                row,
                *("dimension", "group_id", "driver", "value", "lo", "hi", "n", "suppressed", "rank", "rank_lo"),
                *("rank_hi", "performance", "performance_lo", "performance_hi", "quadrant", "is_separable"),
                *("tangled_with", "r_squared", "status"),
            )
            for row in rows
        ),
        absent="" if told else _why_not(rows),
    )
    note = ""
    if told:
        known = told[0]
        note = (
            f"Together they go with {fmt.share(known['r_squared'])} of the differences between "
            f"{fmt.count(known['n'])} complete answers."
        )
    head = ("", "Part that goes with it", "Rated", "Reading")
    middle = median(row["performance"] for row in told) if told else 0.0
    rows_drawn = tuple(_row(row, top, reading(row, len(told), middle)) for row in told)
    return RowChart(figure, head, rows_drawn, key(*KEY_BLUE), note)


def reading(row: Row, among: int, middle: float) -> str:
    """What a thing's weight and rating say where they lie beyond their margins, and no more than that."""
    if not row["is_separable"] and row["tangled_with"]:
        return f"Cannot be told from {NAMES.get(row['tangled_with'], fmt.lower(fmt.human(row['tangled_with'])))}"
    weight = _beside(row["lo"], row["hi"], 1 / among, ("much", "little", "an equal part"))
    rated = _beside(row["performance_lo"], row["performance_hi"], middle, ("well", "low", "in the middle"))
    return BEGIN if (weight, rated) == ("much", "low") else f"Weighs {weight}, rated {rated}"


def _beside(lo: float | None, hi: float | None, at: float, words: tuple[str, str, str]) -> str:
    """Above, below or neither."""
    if lo is not None and lo > at:
        return words[0]
    return words[1] if hi is not None and hi < at else words[2]


def _name(row: Row) -> str:
    return NAMES.get(row["driver"], fmt.lower(fmt.human(row["driver"])))


def _why_not(rows: Sequence[Row]) -> str:
    if rows:
        return "Fewer than 100 people of this group answered all questions in the year: too few to tell."
    return copy.absent(TABLE, "What their satisfaction goes with is")


def _row(row: Row, top: float, words: str) -> ChartRow:
    half = None if row["performance_lo"] is None else (row["performance_hi"] - row["performance_lo"]) / 2
    mark = bars.interval_bar(row["value"], row["lo"], row["hi"], top)
    return ChartRow(
        fmt.human(_name(row)),
        "",
        (
            Cell("Part that goes with it", mark, fmt.share(row["value"]), fmt.share_range(row["lo"], row["hi"])),
            Cell("Rated", text=fmt.decimal(row["performance"]), small=f"± {fmt.decimal(half)}" if half else ""),
            Cell("Reading", text=words, style="real" if words == BEGIN else "quiet"),
        ),
    )
