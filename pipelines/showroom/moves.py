"""Satisfaction from quarter to quarter: scores with margins, what changed, and what that reads like.

Belongs here: the rows of the dumbbell chart, for segments and for the company's dimensions. Stays out: geometry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.showroom import copy
from pipelines.showroom import format as fmt
from pipelines.showroom.charts import bars
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Cell, ChartRow, Figure, How, RowChart

METRIC, BASIS = "acsi_style_index", "survey3"
FEWEST, FEW = 30, 50
ALPHA = 0.05
UNKNOWN = "unknown"
FEW_NOTE = "Under 30 answers a score is not shown. From 30 to 49 it is drawn hollow and no change is computed."
CORRECTED_NOTE = "A margin without zero is no clear change where it does not survive the correction for many groups."
DIMENSION_NAMES = {
    "region": "Region",
    "product_line": "Product line",
    "division": "Division",
    "channel": "Channel",
}


@dataclass(frozen=True)
class Move:
    """One group's score in the last quarter, the one before, and the change between them."""

    dimension: str
    group: str
    n: int | None
    now: float | None
    lo: float | None
    hi: float | None
    before: float | None
    change: float | None
    change_lo: float | None
    change_hi: float | None
    state: str
    explained_by: str
    as_of: Any
    run_id: str


def last_period(deltas: Sequence[Row]) -> str:
    """The last quarter a change is told for."""
    return max((str(row["period"]) for row in deltas if row["metric_id"] == METRIC), default="")


def moves_of(scores: Sequence[Row], deltas: Sequence[Row], dimension: str, period: str) -> list[Move]:
    """Every group of a dimension, the best score first, those too thin last."""
    wanted = [row for row in scores if row["dimension"] == dimension and row["metric_id"] == METRIC]
    by_period = {(row["group_id"], row["period"]): row for row in wanted if row["basis"] == BASIS}
    changes = {
        row["group_id"]: row
        for row in deltas
        if (row["dimension"], row["metric_id"], row["basis"], row["period"]) == (dimension, METRIC, BASIS, period)
    }
    groups = sorted({group for group, when in by_period if when == period and group != UNKNOWN})
    found = [_move(dimension, group, by_period[group, period], changes.get(group), by_period) for group in groups]
    return sorted(found, key=lambda move: (move.state == "few", -(move.now or 0.0), move.group))


def _move(dimension: str, group: str, now: Row, change: Row | None, by_period: dict[tuple[str, str], Row]) -> Move:
    n = now["n"] or 0
    if now["suppressed"] or now["value"] is None or n < FEWEST:
        nothing = (None,) * 7
        return Move(dimension, group, n or None, *nothing, "few", "", now["as_of"], now["run_id"])
    state, difference = "none", (None, None, None)
    before = by_period.get((group, change["previous_period"])) if change is not None else None
    if n < FEW:
        state, before = "thin", None
    elif change is None or change["suppressed"] or change["value"] is None or before is None:
        state, before = "first", None
    else:
        difference = (change["value"], change["lo"], change["hi"])
        if change["p_adj"] is not None and change["p_adj"] <= ALPHA and (change["lo"] > 0 or change["hi"] < 0):
            state = "up" if change["value"] > 0 else "down"
    old = None if before is None or before["suppressed"] else before["value"]
    return Move(
        dimension,
        group,
        n,
        now["value"],
        now["lo"],
        now["hi"],
        old,
        *difference,
        state,
        str((change or {}).get("explained_by") or ""),
        now["as_of"],
        now["run_id"],
    )


def axis_of(moves: Sequence[Move]) -> tuple[float, float]:
    """One axis for all rows: from a ten below the lowest margin to a ten above the highest."""
    ends = [end for move in moves for end in (move.lo, move.hi, move.before) if end is not None]
    if not ends:
        return (50.0, 100.0)
    return (max(0.0, min(ends) // 5 * 5 - 3), min(100.0, -(-max(ends) // 5) * 5 + 3))


def moves_chart(
    moves: Sequence[Move],
    names: dict[str, str],
    *,
    figure_id: str,
    period: str,
    average: float | None,
    mine: str = "",
    groups: dict[str, str] | None = None,
) -> RowChart:
    """The dumbbell table. ``mine`` is the row of the page's own segment; ``groups`` names dimensions where several."""
    axis = axis_of(moves)
    rows = tuple(
        _row(move, names, axis, average=average, mine=mine, group=(groups or {}).get(move.dimension, ""))
        for move in moves
    )
    down = [names.get(move.group, move.group) for move in moves if move.state == "down"]
    up = [names.get(move.group, move.group) for move in moves if move.state == "up"]
    seen = sum(move.change is not None for move in moves)
    label = fmt.quarter(period)
    figure = Figure(
        figure_id=figure_id,
        kicker="Satisfaction",
        title=copy.moves_title(down, up, seen, asked=bool(moves)),
        dek=(f"Score out of 100 in {label} and the quarter before. " if label else "Score out of 100. ")
        + "Orange or blue marks a change beyond its margin.",
        how=How(
            words="Three questions of the survey (overall, against expectation, against the ideal) from 0 to "
            "100. ± is the 95% margin: repeat the survey many times and about 19 intervals in 20 would hold the true "
            "score. A change counts when its interval excludes zero and it survives the correction for testing many "
            "groups at once.",
            tables=("satisfaction_scores", "satisfaction_deltas"),
            metrics=((METRIC, ""),),
        ),
        rows=tuple(
            {
                "dimension": move.dimension,
                "group_id": move.group,
                "period": period,
                "value": move.now,
                "lo": move.lo,
                "hi": move.hi,
                "n": move.n if move.state != "few" else None,
                "suppressed": move.state == "few",
                "previous": move.before,
                "change": move.change,
                "change_lo": move.change_lo,
                "change_hi": move.change_hi,
                "reading": move.state,
                "explained_by": move.explained_by,
                "as_of": move.as_of,
                "run_id": move.run_id,
            }
            for move in moves
        ),
        absent="" if moves else copy.absent("satisfaction_scores", "Satisfaction by group is"),
    )
    few = any(move.state in ("few", "thin") for move in moves)
    corrected = any(
        move.state == "none" and move.change_lo is not None and (move.change_lo > 0 or (move.change_hi or 0.0) < 0)
        for move in moves
    )
    note = " ".join(words for words, is_due in ((FEW_NOTE, few), (CORRECTED_NOTE, corrected)) if is_due)
    head = ("", "", "Now", "Change", "Reading")
    return RowChart(figure, head, rows, _key(average), note, bars.axis_labels(axis))


def _key(average: float | None) -> Any:
    from pipelines.showroom.figures import key  # noqa: PLC0415

    entries = [("bellkey", "quarter before → now, with 95% margin")]
    if average is not None:
        entries.append(("averagekey", f"all customers {fmt.decimal(average)}"))
    return key(*entries)


def _row(
    move: Move, names: dict[str, str], axis: tuple[float, float], *, average: float | None, mine: str, group: str
) -> ChartRow:
    name = names.get(move.group, move.group)
    style = "mine" if move.group == mine else ""
    words = copy.reading(move.state, move.change_lo, move.change_hi, move.explained_by)
    if move.now is None or move.lo is None or move.hi is None:
        cells = (
            Cell("", bars.too_few(axis), "Too few answers to show a score", style="few"),
            Cell("Now", text=""),
            Cell("Change", text=""),
            Cell("Reading", text=words),
        )
        return ChartRow(name, "", cells, f"{style} rest".strip(), group)
    mark = bars.dumbbell(
        now=move.now,
        lo=move.lo,
        hi=move.hi,
        before=move.before,
        axis=axis,
        average=average,
        style=move.state if move.state in ("up", "down", "thin") else "grey",
    )
    real = move.state if move.state in ("up", "down") else ""
    cells = (
        Cell("", mark),
        Cell("Now", text=fmt.decimal(move.now), small=f"± {fmt.decimal((move.hi - move.lo) / 2)}"),
        Cell("Change", text=fmt.change(move.change) if move.change is not None else "", small=_ends(move), style=real),
        Cell("Reading", text=words, style="real" if real else "quiet"),
    )
    return ChartRow(name, f"{fmt.count(move.n)} answers", cells, style, group)


def _ends(move: Move) -> str:
    """Both ends of a change's margin."""
    if move.change is None or move.change_lo is None or move.change_hi is None:
        return ""
    return f"{fmt.change(move.change_lo)} to {fmt.change(move.change_hi)}"
