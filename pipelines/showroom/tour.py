"""The tour: rooms that walk a visitor through the house, each with one picture and few words.

Belongs here: what each room says. Stays out: pictures of other pages, which are linked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from pipelines.showroom import copy
from pipelines.showroom import format as fmt
from pipelines.showroom.charts import bars
from pipelines.showroom.figures import STEP_NAMES
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Room
from pipelines.showroom.opportunities import STATUSES

if TYPE_CHECKING:
    from pipelines.showroom.model import Site

MOST = 5
EXAMPLE = Markup(
    '<ul class="example"><li><b>Web shop</b> Ada Weber, <mark>ada.weber@example.org</mark></li>'
    "<li><b>Till</b> card 4711, <mark>ada.weber@example.org</mark>, phone <mark>+49 30 5550 0199</mark></li>"
    "<li><b>Help desk</b> A. Weber, phone <mark>+49 30 5550 0199</mark></li>"
    "<li><b>One customer</b> by the same e-mail address and the same phone</li></ul>"
)
"""Three invented records and what makes them one."""


EXAMPLE_ANSWERS = (10, 8, 6, 4, 1)
"""Invented answers from 1 to 10, one for each level of mood."""
MIDDLE, STEP = 5.5, 2 / 4.5
"""An answer of the middle is mood 0, one of 10 is mood 2: the metric ``stage_mood``."""

ROOMS_OF_STATIONS = (1, 2, 3, 4, 6)
"""Where the stations of the home page lead: what is acted on begins where it hurts."""

Bar = tuple[str, float, str, str]
"""A row of a picture of bars: name, length, number in words, style."""


def followed(funnel: Sequence[Row], map_rows: Sequence[Row]) -> tuple[Bar, ...]:
    """How far everybody who looks at a product gets; without visits, who is seen in each column of the maps."""
    steps = sorted((row for row in funnel if row["breakdown"] == "company"), key=lambda row: row["step_order"])
    shares = [(STEP_NAMES.get(row["step"], fmt.human(row["step"])), row["overall_value"], row) for row in steps]
    if not shares:
        everybody = [row for row in map_rows if row["scheme_id"] == "company" and row["lane"] == "people"]
        ordered = sorted(everybody, key=lambda row: row["stage_order"])
        shares = [(row["stage_name"], row["value"], row) for row in ordered]
    return tuple(
        (name, share, fmt.share(share), "blue") for name, share, row in shares if share and not row["suppressed"]
    )


def rooms(site: Site, followed: Sequence[Bar]) -> tuple[Room, ...]:
    """The rooms, in the order a visitor walks; without segments there is nothing to walk through."""
    if not site.segments:
        return ()
    first = site.segments[0]
    numbers = {station.name: station.number for station in site.stations}
    sources = sorted(site.data.sources, key=lambda source: (-source["rows_landed"], source["system"]))
    systems = [(s["system"], float(s["rows_landed"]), fmt.count(s["rows_landed"]), "blue") for s in sources]
    groups = [(s.name, s.share or 0.0, fmt.share(s.share), f"own hue-{s.hue}") for s in site.segments]
    return (
        Room(
            "room-1",
            "Gather",
            f"{fmt.in_words(len(systems)).capitalize()} systems, one customer" if len(systems) > 1 else "One system",
            f"{numbers['Gather']} land as they are. Each knows a piece of somebody: an e-mail address, a card, a "
            "name. Nothing is thrown away: what cannot be read is put aside with its reason.",
            bars.listed("Records by system", systems),
            "data.html#sources",
            "See the sources",
        ),
        Room(
            "room-2",
            "Recognise",
            numbers["Recognise"],
            "Records that share a strong sign, or several weak ones, become one person. Every link can be looked up, "
            "and one that is in doubt is left open rather than made. The three records shown are an invented example.",
            EXAMPLE,
            "data.html#tables",
            "See the tables",
        ),
        Room(
            "room-3",
            "Group",
            numbers["Group"],
            f"Each customer is in exactly one group, by rules anyone can read. {first.name}: {first.tagline.lower()}.",
            bars.listed("Share of customers by group", groups),
            "index.html#groups",
            "See the groups",
        ),
        Room(
            "room-4",
            "Follow",
            numbers["Follow"],
            "Each visit, message, order and answer stands in one log, in the order it happened. So a map can tell what "
            "people did and asked in each stage, and how many went on.",
            bars.listed("Share of people who get this far", followed),
            f"segments/{first.segment_id}.html#map",
            "See a journey map",
        ),
        Room(
            "room-5",
            "Listen",
            site.matrix.figure.title,
            "How satisfied, from 1 to 10? An answer is moved to a scale from −2 to +2 and counts for the last thing "
            "the person did in the 30 days before. Shown is one invented answer for each level. "
            f"{first.map.curve_words}",
            bars.listed("How an answer becomes a mood", list(map(_answer, EXAMPLE_ANSWERS))),
            "compare.html#mood-matrix-title",
            "See every mood",
        ),
        Room(
            "room-6",
            "Where it hurts",
            site.pain_tiles.figure.title,
            "What goes with a lost cart or a lost customer is counted, and costed where the margin allows. It is an "
            "association: mending it may bring back less.",
            _barriers(site),
            "pains.html",
            "See the pain points",
        ),
        _what_is_done(site),
    )


def _answer(given: int) -> Bar:
    mood = (given - MIDDLE) * STEP
    return (f"{given} of 10", given, f"{copy.mood_word(mood)} {fmt.change(mood)}", "blue" if mood > 0 else "orange")


def _barriers(site: Site) -> Markup:
    """The costliest barriers, each in the group where it costs most."""
    costed: dict[str, float] = {}
    for row in site.pains.figure.rows:
        amount = row["recoverable_revenue_year"] if (row["recoverable_revenue_year_lo"] or 0.0) > 0 else 0.0
        costed[row["text"]] = max(costed.get(row["text"], 0.0), amount)
    first = sorted((-amount, name) for name, amount in costed.items() if amount)[:MOST]
    if not first:
        return Markup('<p class="absent">No barrier is costed yet.</p>')
    drawn = [(name, -amount, fmt.money(-amount, site.about.currency), "orange") for amount, name in first]
    return bars.listed("Recoverable a year in the group that a barrier costs most", drawn)


def _what_is_done(site: Site) -> Room:
    """The opportunities by where they stand; what moved, while there are none."""
    found = Counter(row["status"] for row in site.opportunities.figure.rows)
    moved = f"{' '.join(site.changes)} A change is told only when it is larger than its margin."
    if not found:
        return Room(
            "room-7",
            "What moved",
            site.satisfaction.figure.title,
            moved,
            Markup('<p class="absent">No idea is written down yet.</p>'),
            "compare.html",
            "Compare",
        )
    drawn = [(name, float(found[status]), fmt.count(found[status]), "blue") for status, name in STATUSES.items()]
    return Room(
        "room-7",
        "What we do about it",
        site.opportunities.figure.title,
        f"Each idea has an owner, a range of what it could bring, and a date to be looked at again. {moved}",
        bars.listed("Opportunities by where they stand", [row for row in drawn if row[1]]),
        "opportunities.html",
        "See the opportunities",
    )
