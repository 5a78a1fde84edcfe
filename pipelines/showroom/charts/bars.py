"""Marks of row charts: bars with margins, dots with what was before, diverging bars.

Belongs here: geometry in per cent of a cell. Stays out: text, which stands in cells of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from pipelines.showroom import format as fmt
from pipelines.showroom.charts.svg import clamp, join, percent, strip, tag


def _x(value: float, lo: float, hi: float) -> float:
    return clamp((value - lo) / (hi - lo) * 100) if hi > lo else 0.0


def interval_bar(value: float, lo: float | None, hi: float | None, top: float, *, style: str = "blue") -> Markup:
    """Solid to the lower end of the margin, pale to its upper end, a tick at the estimate; ``top`` is full width."""
    least = _x(value if lo is None else lo, 0, top)
    most = _x(value if hi is None else hi, 0, top)
    middle = _x(value, 0, top)
    return strip(
        join(
            (
                tag("rect", x=percent(least), y="6", width=percent(most - least), height="16", class_="margin"),
                tag("rect", x="0", y="6", width=percent(least), height="16", class_="sure"),
                tag("line", x1=percent(middle), x2=percent(middle), y1="2", y2="26", class_="tick"),
            )
        ),
        height=28,
        class_=f"mark {style}",
    )


def listed(caption: str, rows: Sequence[tuple[str, float, str, str]]) -> Markup:
    """A small table of bars: (name, value, the value in words, style), the largest of full width."""
    top = max((value for _, value, _, _ in rows), default=1.0) or 1.0
    lines = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td class="barcell">{}</td><td>{}</td></tr>').format(
            name,
            strip(
                tag("rect", y="4", height="12", width=percent(100 * value / top), class_="sure"),
                height=20,
                class_=f"mark {style}",
            ),
            words,
        )
        for name, value, words, style in rows
    )
    return Markup('<table class="listed"><caption class="hidden">{}</caption><tbody>{}</tbody></table>').format(
        caption, lines
    )


def reach_bar(value: float, everyone: float | None) -> Markup:
    """A bar of the share that gets this far, and a tick for everyone."""
    parts = [tag("rect", x="0", y="6", width=percent(100 * value), height="16", class_="sure", rx="1.5")]
    if everyone is not None:
        x = percent(100 * everyone)
        parts.append(tag("line", x1=x, x2=x, y1="2", y2="26", class_="tick"))
    return strip(join(parts), height=28, class_="mark blue")


def dumbbell(
    *,
    now: float,
    lo: float,
    hi: float,
    before: float | None,
    axis: tuple[float, float],
    average: float | None,
    style: str,
) -> Markup:
    """Before as a ring, now as a dot on its margin; ``style`` is grey, up, down or thin."""
    left, right = axis
    parts = [grid(axis)]
    if average is not None:
        x = percent(_x(average, left, right))
        parts.append(tag("line", x1=x, x2=x, y1="0", y2="40", class_="average"))
    start, end = _x(lo, left, right), _x(hi, left, right)
    parts.append(
        tag("rect", x=percent(start), y="13", width=percent(end - start), height="14", rx="7", class_="margin")
    )
    middle = percent(_x(now, left, right))
    if before is not None:
        old = percent(_x(before, left, right))
        parts.append(tag("line", x1=old, x2=middle, y1="20", y2="20", class_="way"))
        parts.append(tag("circle", cx=old, cy="20", r="4", class_="before"))
    parts.append(tag("circle", cx=middle, cy="20", r="6", class_="now"))
    return strip(join(parts), height=40, class_=f"mark bell {style}")


def too_few(axis: tuple[float, float]) -> Markup:
    """A dotted row where there are too few answers for a score."""
    line = tag("line", x1="2%", x2="98%", y1="20", y2="20", class_="dotted")
    return strip(grid(axis) + line, height=40, class_="mark bell few")


def grid(axis: tuple[float, float], step: int = 10) -> Markup:
    """Light upright lines at every ten."""
    return join(
        tag("line", x1=percent(_x(at, *axis)), x2=percent(_x(at, *axis)), y1="0", y2="40", class_="grid")
        for at in ticks(axis, step)
    )


def axis_labels(axis: tuple[float, float], step: int = 10) -> Markup:
    """The numbers of the axis over the marks."""
    return strip(
        join(
            tag("text", str(at), x=percent(_x(at, *axis)), y="14", text_anchor="middle", class_="axis")
            for at in ticks(axis, step)
        ),
        height=18,
        class_="mark",
    )


def ticks(axis: tuple[float, float], step: int = 10) -> list[int]:
    first = int(-(-axis[0] // step)) * step
    return list(range(first, int(axis[1]) + 1, step))


def diverging(difference: float, *, full: float = 1.0) -> Markup:
    """A bar left or right of the middle; ``full`` is half the width, and beyond it an arrow."""
    width = min(abs(difference) / full, 1.0) * 46
    x = 50 - width if difference < 0 else 50.0
    parts = [
        tag("line", x1="50%", x2="50%", y1="1", y2="19", class_="middle"),
        tag("rect", x=percent(x), y="6", width=percent(width), height="8", class_="bar"),
    ]
    if abs(difference) > full:
        at = "0" if difference < 0 else "100%"
        anchor, sign = ("start", "‹") if difference < 0 else ("end", "›")
        parts.append(tag("text", sign, x=at, y="14", text_anchor=anchor, class_="beyond"))
    return strip(join(parts), height=20, class_="mark diverging")


def difference(value: float, lo: float, hi: float, full: float) -> Markup:
    """A range with a dot beside a middle line; ``full`` is what half the width stands for."""
    axis = (-full * 1.05, full * 1.05)
    return strip(
        tag("line", x1="50%", x2="50%", y1="2", y2="26", class_="average")
        + _range(_x(value, *axis), _x(lo, *axis), _x(hi, *axis)),
        height=28,
        class_="mark blue",
    )


def money_axis(top: float, currency: str) -> Markup:
    """Nought, half and the end of a scale of money that starts at nought."""
    places = ((0.0, "start"), (0.5, "middle"), (1.0, "end"))
    return strip(
        join(
            tag("text", fmt.money(top * at, currency), x=percent(100 * at), y="14", text_anchor=anchor, class_="axis")
            for at, anchor in places
        ),
        height=18,
        class_="mark",
    )


def range_dot(value: float, lo: float, hi: float, axis: tuple[float, float], *, style: str = "blue") -> Markup:
    """A pale range with a dot at the estimate; the style ``thin`` makes the dot hollow."""
    return strip(
        tag("line", x1="0", x2="100%", y1="14", y2="14", class_="rail")
        + _range(_x(value, *axis), _x(lo, *axis), _x(hi, *axis)),
        height=28,
        class_=f"mark {style}",
    )


def _range(middle: float, start: float, end: float) -> Markup:
    return join(
        (
            tag("rect", x=percent(start), y="10", width=percent(end - start), height="8", rx="4", class_="margin"),
            tag("circle", cx=percent(middle), cy="14", r="5", class_="now"),
        )
    )
