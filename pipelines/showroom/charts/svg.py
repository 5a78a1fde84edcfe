"""Pieces every figure is made of: escaped text, percentages, the shape of an element.

Belongs here: markup without meaning. Stays out: figures. Colours are classes of the style sheet, never literals, so
that one page is right in light, dark and print.
"""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape


def clamp(value: float, lo: float = 0.0, hi: float = 100.0) -> float:
    return min(max(value, lo), hi)


def number(value: float) -> str:
    """At most two decimals, none where they are zero: the same bytes on every machine."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def percent(value: float) -> str:
    """A coordinate of a stretched picture."""
    return f"{number(clamp(value))}%"


def tag(name: str, content: Markup | str = "", **attributes: str | float | None) -> Markup:
    """An element; a trailing underscore is dropped and others become dashes; None leaves the attribute out."""
    pairs = []
    for key, value in attributes.items():
        if value is None:
            continue
        shown = number(value) if isinstance(value, float) else value
        pairs.append(f' {key.rstrip("_").replace("_", "-")}="{escape(shown)}"')
    inside = escape(content)
    opened = f"<{name}{''.join(pairs)}"
    return Markup(f"{opened}/>" if inside == "" else f"{opened}>{inside}</{name}>")


def join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def strip(content: Markup, *, height: int, class_: str) -> Markup:
    """A picture that fills its cell's width; the numbers beside it are what screen readers get."""
    return tag("svg", content, class_=class_, width="100%", height=str(height), aria_hidden="true", focusable="false")
