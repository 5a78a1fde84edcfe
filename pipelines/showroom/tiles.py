"""Tile maps: mood by segment and stage, funnel differences by segment and step.

Belongs here: levels, thin marks, titles. Stays out: colours, which are the style sheet's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.showroom import copy, maps
from pipelines.showroom import format as fmt
from pipelines.showroom.figures import FEWEST_VISITS, STEP_NAMES, columns_of, is_real
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Figure, How, Segment, StageColumn, Tile, TileMap

LEVELS = ((1.125, 2), (0.375, 1), (-0.375, 0), (-1.125, -1))


def level_of(score: float) -> int:
    """The tile's shade: five levels of the mood as it is written, so that one number has one shade."""
    return next((level for least, level in LEVELS if round(score, 1) >= least), -2)


def mood_matrix(segments: Sequence[Segment], rows: Sequence[Row], scheme: str) -> TileMap:
    """Mood by segment and stage, the segments in the order of the cards."""
    names = dict(maps.stages_of(rows))
    lows = []
    told = is_drawn = False
    table = []
    for segment in segments:
        own = [row for row in rows if row["scheme_id"] == scheme and row["segment_id"] == segment.segment_id]
        low = maps.clear_low(maps.moods_of(own))
        moods = [column for column in segment.map.columns if column.mood.estimate.shown]
        is_drawn = is_drawn or bool(moods)
        told = told or len(moods) >= copy.FEWEST_TO_COMPARE
        if low:
            lows.append(names[low])
        tiles = tuple(_mood_tile(column) for column in segment.map.columns)
        table.append((segment.segment_id, segment.name, tiles))
    figure = Figure(
        figure_id="mood-matrix",
        kicker="Mood",
        title=copy.matrix_title(lows, len(segments), told=told, asked=bool(maps.moods_of(rows))),
        dek="Mood by group and stage, from −2 to +2. A dot marks fewer than 50 answers; under 30 there is no score.",
        how=How(
            words="One question on one scale, put to the last thing a person did in the 30 days before answering. "
            "A low point is clear when it lies below the group's other stages by more than a margin widened for "
            "looking at all of them.",
            tables=("journey_map",),
            metrics=(("stage_mood", ""),),
        ),
        rows=tuple(
            {
                "segment_id": segment.segment_id,
                "stage": column.stage_id,
                "value": column.mood.estimate.value,
                "lo": column.mood.estimate.lo,
                "hi": column.mood.estimate.hi,
                "n": column.mood.estimate.n,
                "suppressed": not column.mood.estimate.shown,
            }
            for segment in segments
            for column in segment.map.columns
        ),
        absent="" if is_drawn else copy.absent("journey_map", "Moods are"),
    )
    return TileMap(figure, tuple(names.values()), tuple(table))


def _mood_tile(column: StageColumn) -> Tile:
    score = column.mood.estimate.value
    if score is None:
        return Tile(fmt.NOTHING, 9, f"{column.name}: {column.mood.word}")
    thin = column.mood.state == "thin"
    answers = f"{fmt.count(column.mood.estimate.n)} answers"
    return Tile(fmt.change(score), level_of(score), f"{column.name}: {column.mood.word}, {answers}", thin)


def funnel_tiles(rows: Sequence[Row], names: Mapping[str, str], scheme: str) -> TileMap:
    """How much more or less often each segment goes on than the rest, step by step."""
    own = [row for row in rows if row["breakdown"] == scheme and row["group_id"] in names]
    steps = sorted({(row["step_order"], row["step"]) for row in own})[1:]
    by_place = {(row["group_id"], row["step"]): row for row in own}
    table = tuple(
        (segment, name, tuple(_step_tile(by_place.get((segment, step))) for _, step in steps))
        for segment, name in names.items()
    )
    figure = Figure(
        figure_id="funnel-differences",
        kicker="Funnel",
        title=copy.behind_title(
            [(name, sum(tile.level in (-1, -2) for tile in line)) for _, name, line in table], seen=bool(own)
        ),
        dek="Share of those at the step before who reach this one, against the other groups together, in "
        "points; visitors nobody can name are in none. Coloured where "
        "the difference is at least 3 points and survives the correction for testing many groups at once.",
        how=How(
            words="Steps count in time order within the window of the funnel.",
            tables=("funnel_steps",),
            metrics=(("step_conversion", ""),),
        ),
        rows=tuple(
            columns_of(
                row,
                *("group_id", "step_order", "step", "value", "n", "suppressed", "vs_rest_value", "vs_rest_lo"),
                *("vs_rest_hi", "p_adj"),
            )
            for row in own
        ),
        absent="" if own else copy.absent("funnel_steps", "Funnel steps are"),
    )
    return TileMap(figure, tuple(STEP_NAMES.get(step, fmt.human(step)) for _, step in steps), table)


def _step_tile(row: Row | None) -> Tile:
    if row is None or row["suppressed"] or row["vs_rest_value"] is None or row["n_entered"] < FEWEST_VISITS:
        return Tile(fmt.NOTHING, 9, "Too few to show")
    side = is_real(row)
    level = side * (2 if abs(row["vs_rest_value"]) >= 0.2 else 1)
    return Tile(fmt.points(row["vs_rest_value"]), level, f"{fmt.share(row['value'])} go on, n = {fmt.count(row['n'])}")
