"""The mood curve: one line through the middle of each column, its margin, and everybody's line behind it.

Belongs here: geometry. Stays out: points and labels, which are text in the page, and what a level is called.

The picture is stretched over the columns; a column without a number is a gap, and nothing is drawn across it. Between
neighbours the line is a monotone cubic (Fritsch and Carlson 1980): it never shows a high or low that no answer gave.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.showroom.charts.svg import join, number, tag

TOP, BOTTOM = 2.0, -2.0
HEIGHT = 200.0
COLUMN = 100.0


@dataclass(frozen=True)
class Point:
    """A column's mood; ``is_thin`` draws the way to it dotted."""

    value: float
    lo: float
    hi: float
    is_thin: bool = False


def height_of(value: float) -> float:
    """Place from the top, in the units of the picture; beyond the scale it stays at its end."""
    return (TOP - min(max(value, BOTTOM), TOP)) / (TOP - BOTTOM) * HEIGHT


def place_of(value: float) -> float:
    """Place from the top in per cent, for what is text."""
    return height_of(value) / HEIGHT * 100


def slopes(xs: Sequence[float], ys: Sequence[float]) -> list[float]:
    """Tangents of a monotone cubic through the points."""
    steps = [(y2 - y1) / (x2 - x1) for x1, x2, y1, y2 in zip(xs, xs[1:], ys, ys[1:], strict=False)]
    if not steps:
        return [0.0] * len(xs)
    inner = [
        0.0 if before * after <= 0 else 2 * before * after / (before + after)
        for before, after in itertools.pairwise(steps)
    ]
    return [steps[0], *inner, steps[-1]]


def curve(xs: Sequence[float], ys: Sequence[float]) -> list[str]:
    """The path's pieces after its first point, one a pair of neighbours."""
    tangents = slopes(xs, ys)
    pieces = []
    for place in range(len(xs) - 1):
        third = (xs[place + 1] - xs[place]) / 3
        first = (xs[place] + third, ys[place] + tangents[place] * third)
        second = (xs[place + 1] - third, ys[place + 1] - tangents[place + 1] * third)
        last = (xs[place + 1], ys[place + 1])
        pieces.append("C" + " ".join(f"{number(x)} {number(y)}" for x, y in (first, second, last)))
    return pieces


def runs(points: Sequence[Point | None]) -> list[list[int]]:
    """Stretches of neighbouring columns with a number."""
    found: list[list[int]] = []
    for place, point in enumerate(points):
        if point is None:
            continue
        if found and found[-1][-1] == place - 1:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def _line(xs: Sequence[float], ys: Sequence[float]) -> str:
    return f"M{number(xs[0])} {number(ys[0])}" + "".join(curve(xs, ys))


def band(xs: Sequence[float], tops: Sequence[float], bottoms: Sequence[float]) -> str:
    """The outline of a margin: along its tops and back along its bottoms."""
    there = _line(xs, tops)
    back = curve(list(reversed(xs)), list(reversed(bottoms)))
    return f"{there}L{number(xs[-1])} {number(bottoms[-1])}{''.join(back)}Z"


def picture(
    points: Sequence[Point | None],
    everyone: Sequence[float | None],
    name: str,
    *,
    others: Sequence[Sequence[Point | None]] | None = None,
) -> Markup:
    """The stretched picture; ``name`` makes the ids of its clips unique in the page.

    Beside ``others``, drawn faintly, the points are marked in the picture itself: no text stands over it.
    """
    width = COLUMN * len(points)
    zero = height_of(0.0)
    parts = [
        tag("line", x1="0", x2=width, y1=height_of(level), y2=height_of(level), class_="grid" if level else "zero")
        for level in (1.5, 0.75, 0.0, -0.75, -1.5)
    ]
    above = tag("rect", x="0", y="0", width=width, height=zero)
    below = tag("rect", x="0", y=zero, width=width, height=HEIGHT - zero)
    parts.append(tag("defs", tag("clipPath", above, id=f"{name}-above") + tag("clipPath", below, id=f"{name}-below")))
    for other in others or ():
        parts += _faint(other)
    for run in runs(points):
        parts += _stretch(run, points, zero, name)
    if others is not None:
        # A line of no length with round ends is a dot, and stays round when the picture is stretched.
        parts += [
            tag("path", d=f"M{number(COLUMN * (place + 0.5))} {number(height_of(point.value))}h0", class_="spot")
            for place, point in enumerate(points)
            if point is not None
        ]
    ghosts: list[Point | None] = [None if value is None else Point(value, value, value) for value in everyone]
    for run in runs(ghosts):
        xs = [COLUMN * (place + 0.5) for place in run]
        ys = [height_of(ghosts[place].value) for place in run]  # type: ignore[union-attr]
        if len(run) > 1:
            parts.append(tag("path", d=_line(xs, ys), class_="everyone"))
    return tag(
        "svg",
        join(parts),
        class_="curve",
        viewBox=f"0 0 {number(width)} {number(HEIGHT)}",
        preserveAspectRatio="none",
        aria_hidden="true",
        focusable="false",
    )


def _faint(points: Sequence[Point | None]) -> list[Markup]:
    """Another group's line; a point without neighbours is left out."""
    found = []
    for run in runs(points):
        own = [point for place in run if (point := points[place]) is not None]
        if len(own) > 1:
            xs = [COLUMN * (place + 0.5) for place in run]
            found.append(tag("path", d=_line(xs, [height_of(point.value) for point in own]), class_="other"))
    return found


def _stretch(run: list[int], points: Sequence[Point | None], zero: float, name: str) -> list[Markup]:
    """One stretch without a gap: area to neutral, margin, line; the way to a thin point is dotted."""
    found = [point for place in run if (point := points[place]) is not None]
    xs = [COLUMN * (place + 0.5) for place in run]
    ys = [height_of(point.value) for point in found]
    tops = [height_of(point.hi) for point in found]
    bottoms = [height_of(point.lo) for point in found]
    if len(run) == 1:
        # One point has no line; its margin stands as an upright bar.
        return [tag("path", d=f"M{number(xs[0])} {number(tops[0])}V{number(bottoms[0])}", class_="whisker")]
    area = f"{_line(xs, ys)}L{number(xs[-1])} {number(zero)}L{number(xs[0])} {number(zero)}Z"
    parts = [
        tag("path", d=area, class_="above", clip_path=f"url(#{name}-above)"),
        tag("path", d=area, class_="below", clip_path=f"url(#{name}-below)"),
        tag("path", d=band(xs, tops, bottoms), class_="band"),
    ]
    for place, piece in enumerate(curve(xs, ys)):
        is_thin = found[place].is_thin or found[place + 1].is_thin
        start = f"M{number(xs[place])} {number(ys[place])}"
        parts.append(tag("path", d=start + piece, class_="line thin" if is_thin else "line"))
    return parts
