"""Small pictures: the sparkline of a card, the ring of an emblem, the drawings of the process.

Belongs here: geometry. Stays out: numbers a reader needs, which stand beside as text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from pipelines.showroom.charts import mood
from pipelines.showroom.charts.svg import join, number, tag

WIDTH, HEIGHT = 320.0, 76.0
GLYPHS = (
    "M6 12l6-7 6 7v8H6z",
    "M12 4l2.4 5 5.6.7-4.1 3.8 1.1 5.5-5-2.8-5 2.8 1.1-5.5L4 9.7 9.600 9z",
    "M5 8h14l-1.400 11H6.400zM9 8a3 3 0 0 1 6 0",
    "M4 12a8 8 0 1 0 16 0 8 8 0 1 0-16 0M12 7v5l3.500 2",
    "M11 4a7 7 0 1 0 0 14 7 7 0 1 0 0-14M16 16l4 4",
    "M4 7h16v11H4zM4 7l8 6 8-6",
    "M12 20S4 15 4 9.500A4 4 0 0 1 12 8a4 4 0 0 1 8 1.500C20 15 12 20 12 20z",
    "M4 18l5-6 4 3 7-9M15 6h5v5",
)
"""Simple outlines, one a segment, so that identity does not rest on colour."""


def sparkline(points: Sequence[mood.Point | None], low: int | None, name: str) -> Markup:
    """The mood curve with its margin on the scale every card shares; ``low`` is the column to mark."""
    step = WIDTH / max(len(points), 1)

    def x_of(place: int) -> float:
        return step * (place + 0.5)

    def y_of(value: float) -> float:
        return 4 + mood.place_of(value) / 100 * (HEIGHT - 8)

    zero = y_of(0.0)
    above = tag("rect", x="0", y="0", width=WIDTH, height=zero)
    below = tag("rect", x="0", y=zero, width=WIDTH, height=HEIGHT - zero)
    parts = [
        tag("defs", tag("clipPath", above, id=f"{name}-above") + tag("clipPath", below, id=f"{name}-below")),
        tag("line", x1="0", x2=WIDTH, y1=zero, y2=zero, class_="zero"),
    ]
    for run in mood.runs(points):
        xs = [x_of(place) for place in run]
        own = [point for place in run if (point := points[place]) is not None]
        ys, tops, bottoms = ([y_of(getattr(point, end)) for point in own] for end in ("value", "hi", "lo"))
        if len(run) == 1:
            parts.append(tag("path", d=f"M{number(xs[0])} {number(tops[0])}V{number(bottoms[0])}", class_="whisker"))
            parts.append(tag("circle", cx=xs[0], cy=ys[0], r="2.5", class_="dot"))
            continue
        line = f"M{number(xs[0])} {number(ys[0])}" + "".join(mood.curve(xs, ys))
        area = f"{line}L{number(xs[-1])} {number(zero)}L{number(xs[0])} {number(zero)}Z"
        parts.append(tag("path", d=area, class_="above", clip_path=f"url(#{name}-above)"))
        parts.append(tag("path", d=area, class_="below", clip_path=f"url(#{name}-below)"))
        parts.append(tag("path", d=mood.band(xs, tops, bottoms), class_="band"))
        parts.append(tag("path", d=line, class_="line"))
    lowest = None if low is None else points[low]
    if low is not None and lowest is not None:
        parts.append(tag("circle", cx=x_of(low), cy=y_of(lowest.value), r="5", class_="low"))
    box = f"0 0 {number(WIDTH)} {number(HEIGHT)}"
    return tag("svg", join(parts), class_="spark", viewBox=box, aria_hidden="true", focusable="false")


def history(points: Sequence[tuple[float, float, float] | None]) -> Markup:
    """Shares of neighbouring quarters as (share, lo, hi) with their margin, from nought to the highest end.

    A quarter without a number is a gap; one alone stands as an upright bar.
    """
    width, height = 132.0, 34.0
    top = max((point[2] for point in points if point is not None), default=1.0) or 1.0
    step = width / max(len(points), 1)
    parts = [tag("line", x1="0", x2=width, y1=height - 1, y2=height - 1, class_="zero")]

    def y_of(value: float) -> float:
        return 3 + (1 - min(max(value / top, 0.0), 1.0)) * (height - 4)

    shown = [(step * (place + 0.5), point) for place, point in enumerate(points) if point is not None]
    for run in mood.runs([None if point is None else mood.Point(*point) for point in points]):
        own = [(x, point) for x, point in shown if x in {step * (place + 0.5) for place in run}]
        if len(own) == 1:
            x, (_, lo, hi) = own[0]
            parts.append(tag("path", d=f"M{number(x)} {number(y_of(lo))}V{number(y_of(hi))}", class_="whisker"))
            continue
        there = [f"{number(x)} {number(y_of(point[2]))}" for x, point in own]
        back = [f"{number(x)} {number(y_of(point[1]))}" for x, point in reversed(own)]
        line = [f"{number(x)} {number(y_of(point[0]))}" for x, point in own]
        parts.append(tag("path", d=f"M{'L'.join((*there, *back))}Z", class_="band"))
        parts.append(tag("path", d=f"M{'L'.join(line)}", class_="line"))
    parts += [
        tag("circle", cx=x, cy=y_of(point[0]), r="2.600" if place + 1 == len(shown) else "1.500", class_="dot")
        for place, (x, point) in enumerate(shown)
    ]
    box = f"0 0 {number(width)} {number(height)}"
    return tag("svg", join(parts), class_="history", viewBox=box, aria_hidden="true", focusable="false")


def emblem(share: float | None, glyph: int) -> Markup:
    """A ring that shows the share of customers, with the segment's outline inside."""
    radius = 36.0
    around = 2 * math.pi * radius
    arc = around * min(max(share or 0.0, 0.0), 1.0)
    parts = [
        tag("circle", cx="42", cy="42", r=radius, class_="ring"),
        tag(
            "circle",
            cx="42",
            cy="42",
            r=radius,
            class_="arc",
            stroke_dasharray=f"{number(arc)} {number(around - arc)}",
            transform="rotate(-90 42 42)",
        ),
        tag("path", d=GLYPHS[glyph % len(GLYPHS)], class_="glyph", transform="translate(22.800 22.800) scale(1.600)"),
    ]
    return tag("svg", join(parts), class_="emblem", viewBox="0 0 84 84", aria_hidden="true", focusable="false")


def station(kind: str, hues: int) -> Markup:
    """The drawing of one station of the process: gather, recognise, group (a column a group), follow, act."""
    parts: list[Markup] = []
    if kind == "gather":
        # A scatter by multiples of two irrational steps: it looks random and is always the same.
        for place in range(38):
            x, y = 4 + (place + 1) * 0.7548776662 % 1 * 128, 4 + (place + 1) * 0.5698402910 % 1 * 44
            parts.append(tag("circle", cx=x, cy=y, r="2.6", class_="gathered"))
    elif kind in ("recognise", "group"):
        columns = 8 if kind == "recognise" else max(hues, 1)
        for place in range(3 * columns):
            x, y = 6 + place % columns * 17.0, 8 + place // columns * 18.0
            hue = f"hue-{place % columns % 6}" if kind == "group" else "recognised"
            if kind == "recognise" or place // columns < 3 - place % columns % 3:
                parts.append(tag("circle", cx=x, cy=y, r="5", class_=hue))
    elif kind == "follow":
        parts += [tag("line", x1=x, x2=x, y1="4", y2="52", class_="grid") for x in (30.0, 56.0, 82.0, 108.0)]
        line = "M4 14C30 14 40 22 56 28S80 44 92 40 110 6 132 8"
        parts += [tag("path", d=line, class_="line"), tag("circle", cx="84", cy="40.500", r="5", class_="low")]
    else:
        parts += [
            tag("rect", x="4", y=5 + 12.5 * place, width=width, height="8", class_="bar")
            for place, width in enumerate((124.0, 82.0, 62.0, 36.0))
        ]
    return tag("svg", join(parts), class_="station", viewBox="0 0 136 56", aria_hidden="true", focusable="false")
