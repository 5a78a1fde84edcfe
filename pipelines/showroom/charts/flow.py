"""The paths as a flow: how many of 1,000 go on, stop to read, turn back or leave.

Belongs here: geometry. Stays out: which steps are shown, and the words.

Heights are proportional to visits a thousand; what goes in at a step comes out again, forward, sideways, back or out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.showroom.charts.svg import join, number, tag

WIDTH, HEIGHT = 720.0, 352.0
TOP = 54.0
FLOOR = 306.0
UNIT = 0.19
BAR = 9.0


@dataclass(frozen=True)
class Stop:
    """A step on the way: its people a thousand, and of them who go on to the next stop; the rest leave it otherwise."""

    name: str
    size: float
    on: float
    leave: float
    other: float
    other_words: str = ""
    is_leave_told: bool = True
    """False where those who leave are among the others."""


def picture(stops: Sequence[Stop], *, title: str, story: str, name: str) -> Markup:
    """Stops from left to right, ribbons between them, exits falling down."""
    gap = (WIDTH - 60) / max(len(stops) - 1, 1)
    # A ribbon of a few people is still seen; the tallest fills the figure.
    unit = min(UNIT, (FLOOR - TOP - 110) / max((stop.size for stop in stops), default=1.0))
    parts: list[Markup] = [tag("title", title, id=f"{name}-drawn"), tag("desc", story, id=f"{name}-story")]
    for place, stop in enumerate(stops):
        x = 20 + gap * place
        if place + 1 < len(stops):
            parts.append(_ribbon(x + BAR, TOP, stop.on * unit, x + gap, f"{stop.on:,.0f} go on"))
        aside = TOP + stop.on * unit
        if stop.other * unit >= 1 and stop.other_words:
            parts.append(_aside(x + BAR, aside, stop.other * unit, gap, stop))
        if stop.leave * unit >= 1:
            parts.append(_exit(x + BAR, aside + stop.other * unit, stop.leave * unit, gap, stop.leave))
    for place, stop in enumerate(stops):
        x = 20 + gap * place
        last = place + 1 == len(stops)
        parts.append(
            tag(
                "rect",
                x=x,
                y=TOP,
                width=BAR,
                height=max(stop.size * unit, 2.0),
                rx="1.5",
                class_="last" if last else "stop",
            )
        )
        anchor = "start" if not place else "end" if last else "middle"
        at = x if not place else x + BAR if last else x + BAR / 2
        label = tag("tspan", stop.name, class_="name") + tag("tspan", f" {stop.size:,.0f}", class_="size")
        parts.append(tag("text", label, x=at, y=TOP - 14, text_anchor=anchor))
    return tag(
        "svg",
        join(parts),
        class_="flow",
        viewBox=f"0 0 {number(WIDTH)} {number(HEIGHT)}",
        role="img",
        aria_labelledby=f"{name}-drawn {name}-story",
    )


def _ribbon(x: float, y: float, height: float, x2: float, words: str) -> Markup:
    middle = (x + x2) / 2
    # In and out at the same height: what goes on is the top of both stops.
    d = (
        f"M{number(x)} {number(y)}C{number(middle)} {number(y)} {number(middle)} {number(y)} {number(x2)} {number(y)}"
        f"V{number(y + height)}C{number(middle)} {number(y + height)} {number(middle)} {number(y + height)} "
        f"{number(x)} {number(y + height)}Z"
    )
    return tag("path", tag("title", words), d=d, class_="on")


def _aside(x: float, y: float, height: float, gap: float, stop: Stop) -> Markup:
    """People who turn to something else: a ribbon that fades to the right, with its words."""
    end = x + min(gap * 0.42, 64)
    d = f"M{number(x)} {number(y)}H{number(end)}V{number(y + height)}H{number(x)}Z"
    short = "elsewhere" if stop.is_leave_told else "do not"
    words = tag("text", f"{stop.other:,.0f} {short}", x=end + 8, y=y + height / 2 + 5, class_="turned")
    return tag("path", tag("title", f"{stop.other:,.0f} {stop.other_words}"), d=d, class_="aside") + words


def _exit(x: float, y: float, height: float, gap: float, people: float) -> Markup:
    """People who leave: a ribbon that turns down to the floor."""
    left = x + 12
    right = left + min(max(height, 2.0), gap * 0.45)
    d = (
        f"M{number(x)} {number(y)}C{number(right)} {number(y)} {number(right)} {number(y + 20)} "
        f"{number(right)} {number(y + 60)}V{number(FLOOR)}H{number(left)}V{number(y + height + 24)}"
        f"C{number(left)} {number(y + height)} {number(left - 4)} {number(y + height)} "
        f"{number(x)} {number(y + height)}Z"
    )
    label = tag("text", f"{people:,.0f} leave", x=(left + right) / 2, y=FLOOR + 18, text_anchor="middle", class_="gone")
    return tag("path", tag("title", f"{people:,.0f} leave"), d=d, class_="leave") + label
