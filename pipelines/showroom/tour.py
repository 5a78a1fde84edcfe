"""The tour: six rooms that walk a visitor through the house, each with one picture and few words.

Belongs here: what each room says. Stays out: pictures of other pages, which are linked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.showroom import format as fmt
from pipelines.showroom.model import Room

if TYPE_CHECKING:
    from pipelines.showroom.model import Site


def rooms(site: Site) -> tuple[Room, ...]:
    """The rooms, in the order a visitor walks; without segments there is nothing to walk through."""
    if not site.segments:
        return ()
    first = site.segments[0]
    pictures = {station.name: station for station in site.stations}
    systems = fmt.in_words(len(site.about.systems))
    return (
        Room(
            "room-1",
            "Gather",
            f"{systems.capitalize()} systems, one customer",
            f"{pictures['Gather'].number} land as they are. A shop knows an e-mail address, the till a card, the "
            "survey a name. Nothing is thrown away: what cannot be read is put aside with its reason.",
            pictures["Gather"].picture,
            "data.html#sources",
            "See the sources",
        ),
        Room(
            "room-2",
            "Recognise",
            f"{pictures['Recognise'].number}",
            "Records that share a strong sign, or several weak ones, become one person. Every link can be looked up, "
            "and one that is in doubt is left open rather than made.",
            pictures["Recognise"].picture,
            "data.html#tables",
            "See the tables",
        ),
        Room(
            "room-3",
            "Group",
            pictures["Group"].number,
            f"Each customer is in exactly one group, by rules anyone can read. {first.name}: {first.tagline.lower()}.",
            pictures["Group"].picture,
            "index.html#groups",
            "See the groups",
        ),
        Room(
            "room-4",
            "Follow",
            pictures["Follow"].number,
            "Each visit, message, order and answer stands in one log, so that a map can tell what people did, asked "
            f"and felt in each stage. {first.map.curve_words}",
            pictures["Follow"].picture,
            f"segments/{first.segment_id}.html#map",
            "See a journey map",
        ),
        Room(
            "room-5",
            "Where it hurts",
            site.pain_tiles.figure.title,
            "What goes with a lost cart or a lost customer is counted, and costed where the margin allows. It is an "
            "association: mending it may bring back less.",
            pictures["Act"].picture,
            "pains.html",
            "See the pain points",
        ),
        Room(
            "room-6",
            "What moved",
            site.satisfaction.figure.title,
            " ".join(site.changes) + " A change is told only when it is larger than its margin.",
            first.spark,
            "compare.html",
            "Compare the groups",
        ),
    )
