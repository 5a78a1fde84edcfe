"""Mood curves side by side: each group's own with its margin, everyone's behind it, the other groups' faint.

Belongs here: which points are drawn, and what differs from everyone. Stays out: geometry (``charts/mood.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.showroom import copy, maps
from pipelines.showroom.charts import mood
from pipelines.showroom.model import Figure, How, Segment, StageColumn


@dataclass(frozen=True)
class Small:
    """One group's picture, and what it says."""

    segment_id: str
    name: str
    hue: int
    picture: Markup
    words: str


@dataclass(frozen=True)
class Curves:
    figure: Figure
    smalls: tuple[Small, ...]
    stages: tuple[str, ...]


def curves_of(segments: Sequence[Segment]) -> Curves:
    """The pictures in the order of the cards, all on the scale of the maps."""
    points = {
        segment.segment_id: [maps.point_of(column.mood) for column in segment.map.columns] for segment in segments
    }
    smalls = []
    apart = []
    for segment in segments:
        columns = segment.map.columns
        everyone = [column.mood.everyone for column in columns]
        others = [drawn for segment_id, drawn in points.items() if segment_id != segment.segment_id]
        own = [
            f"{column.mood.difference} {copy.at_stage(column.stage_id, column.name)}"
            for column in columns
            if column.mood.difference
        ]
        apart += own
        words = f"{'; '.join(own)}." if own else "At no stage apart from everyone by more than its margin."
        smalls.append(
            Small(
                segment.segment_id,
                segment.name,
                segment.hue,
                mood.picture(points[segment.segment_id], everyone, f"small-{segment.segment_id}", others=others),
                words,
            )
        )
    shown = sum(point is not None for drawn in points.values() for point in drawn)
    asked = any(column.mood.state != "none" for segment in segments for column in segment.map.columns)
    figure = Figure(
        figure_id="mood-curves",
        kicker="Mood",
        title=copy.curves_title(len(apart), shown, asked=asked),
        dek="From −2 at the foot to +2 at the head, on one scale for all. Bold is the group with its 95% margin, "
        "dashed everyone, faint the other groups. Where too few answered is a gap.",
        how=How(
            words="The same points as on the maps. A group lies apart from everyone where the difference is larger "
            "than the margin of its own point.",
            tables=("journey_map",),
            metrics=(("stage_mood", ""),),
        ),
        rows=tuple(_row(segment, column) for segment in segments for column in segment.map.columns),
        absent="" if shown else "No group has enough answers to draw a curve.",
    )
    stages = tuple(column.name for column in segments[0].map.columns) if segments else ()
    return Curves(figure, tuple(smalls), stages)


def _row(segment: Segment, column: StageColumn) -> dict[str, object]:
    found = column.mood.estimate
    return {
        "segment_id": segment.segment_id,
        "stage": column.stage_id,
        "value": found.value,
        "lo": found.lo,
        "hi": found.hi,
        "n": found.n,
        "everyone": column.mood.everyone,
        "suppressed": not found.shown,
    }
