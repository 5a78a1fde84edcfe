"""The tour: six rooms that walk a visitor through the house, each with one picture and few words.

Belongs here: what each room says. Stays out: pictures of other pages, which are linked.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from markupsafe import Markup

from pipelines.showroom import format as fmt
from pipelines.showroom.charts import bars
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


def rooms(site: Site) -> tuple[Room, ...]:
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
            f"{numbers['Gather']} land as they are. A shop knows an e-mail address, the till a card, the "
            "survey a name. Nothing is thrown away: what cannot be read is put aside with its reason.",
            bars.listed("Records by system", systems),
            "data.html#sources",
            "See the sources",
        ),
        Room(
            "room-2",
            "Recognise",
            numbers["Recognise"],
            "Records that share a strong sign, or several weak ones, become one person. Every link can be looked up, "
            "and one that is in doubt is left open rather than made. The three records beside are an invented example.",
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
            "Each visit, message, order and answer stands in one log, so that a map can tell what people did, asked "
            f"and felt in each stage. The line is the mood of one group. {first.map.curve_words}",
            first.spark,
            f"segments/{first.segment_id}.html#map",
            "See a journey map",
        ),
        Room(
            "room-5",
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
            "room-6",
            "What moved",
            site.satisfaction.figure.title,
            moved,
            site.stations[-1].picture,
            "compare.html",
            "Compare",
        )
    drawn = [(name, float(found[status]), fmt.count(found[status]), "blue") for status, name in STATUSES.items()]
    return Room(
        "room-6",
        "What we do about it",
        site.opportunities.figure.title,
        f"Each idea has an owner, a range of what it could bring, and a date to be looked at again. {moved}",
        bars.listed("Opportunities by where they stand", [row for row in drawn if row[1]]),
        "opportunities.html",
        "See the opportunities",
    )
