"""The site model: everything the pages show, as plain typed values.

Belongs here: the shapes. Stays out: where the numbers come from (the builders beside) and how they look (templates). By
the time a value stands here it is summed, suppressed, ordered; a template only writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pipelines.showroom.lineage import Made

if TYPE_CHECKING:
    from pipelines.showroom.curves import Curves
    from pipelines.showroom.effort import Efforts
    from pipelines.showroom.personas import Persona


@dataclass(frozen=True)
class Estimate:
    """A number with its margin; a hidden one has no number at all."""

    value: float | None
    lo: float | None = None
    hi: float | None = None
    n: int | None = None
    suppressed: bool = False

    @property
    def shown(self) -> bool:
        return self.value is not None and not self.suppressed

    @property
    def half(self) -> float | None:
        """Half the width of the margin."""
        return None if self.lo is None or self.hi is None else (self.hi - self.lo) / 2


HIDDEN = Estimate(None, suppressed=True)


@dataclass(frozen=True)
class How:
    """How a figure was computed: words, the published tables it rests on, their checks, the metrics, SQL to redo it."""

    words: str
    tables: tuple[str, ...]
    checks: str = ""
    metrics: tuple[tuple[str, str], ...] = ()
    """Id and name of each definition the figure uses."""
    sql: str = ""
    lineage: str = ""
    """The way from the systems to the tables, in words."""
    models: tuple[str, ...] = ()
    """dbt models whose SQL, as it was run, lies beside the version."""


@dataclass(frozen=True)
class Figure:
    """One figure of a page: its finding as the title, what it measures, how, and exactly the rows drawn."""

    figure_id: str
    kicker: str
    title: str
    dek: str
    how: How
    rows: tuple[dict[str, Any], ...]
    absent: str = ""
    """Why there is nothing to draw, in words; empty where there is."""

    @property
    def csv(self) -> str:
        return f"data/{self.figure_id}.csv"


@dataclass(frozen=True)
class Mood:
    """A point of the mood curve. ``word`` says the level; ``state`` is shown, thin, hidden or none."""

    estimate: Estimate
    everyone: float | None
    state: str
    word: str
    difference: str = ""


@dataclass(frozen=True)
class Item:
    """One line of a lane: its words, its number in words, where it comes from."""

    text: str
    number: str
    kind: str
    title: str
    overdue: bool = False


@dataclass(frozen=True)
class Barrier:
    """What gets in the way at a stage; ``money`` only where it is costed beyond its margin."""

    text: str
    reach: str
    money: str
    money_range: str
    note: str
    title: str
    amount: float = 0.0


@dataclass(frozen=True)
class StageColumn:
    """One column of the map, from header to last lane."""

    stage_id: str
    name: str
    people: str
    pill: str
    pill_title: str
    pill_low: bool
    mood: Mood
    is_worst: bool
    """Its mood is a clear low or, where none is, its barrier the costliest."""
    is_low: bool
    money: str
    money_height: float
    """Share of the tallest column of the map, 0 to 1."""
    money_note: str
    lanes: dict[str, tuple[Item, ...]]
    barriers: tuple[Barrier, ...]
    barriers_note: str
    opportunities: tuple[Item, ...]
    opportunities_note: str


@dataclass(frozen=True)
class JourneyMap:
    """A segment's map: who, in which situation, wanting what, and the columns."""

    actor: str
    scenario: str
    goal: str
    kpi: str
    owner: str
    reviewed_on: date | None
    review_by: date | None
    is_overdue: bool
    columns: tuple[StageColumn, ...]
    figure: Figure
    curve: Markup
    curve_words: str
    unsaid: str = ""
    """What nobody has written down of the map yet, in words."""


@dataclass(frozen=True)
class Fact:
    """One of the four numbers under a segment's name."""

    label: str
    value: str
    margin: str
    note: str
    metric: str = ""


@dataclass(frozen=True)
class ProfileRow:
    label: str
    value: str
    difference: str
    bar: Markup
    title: str


@dataclass(frozen=True)
class ChartRow:
    """One row of a row chart: its name, and one cell for each further column."""

    name: str
    detail: str
    cells: tuple[Cell, ...]
    style: str = ""
    group: str = ""


@dataclass(frozen=True)
class Cell:
    """A mark or a number of a row chart."""

    label: str
    mark: Markup = field(default_factory=Markup)
    text: str = ""
    small: str = ""
    style: str = ""
    link: str = ""
    """Where the small words lead."""


@dataclass(frozen=True)
class Filter:
    """A choice that narrows a chart's rows: (class of the rows, name) an option."""

    legend: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RowChart:
    """A figure drawn as a table."""

    figure: Figure
    columns: tuple[str, ...]
    rows: tuple[ChartRow, ...]
    key: Markup
    note: str = ""
    axis: Markup = field(default_factory=Markup)
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """A figure drawn as one picture, with the same in words."""

    figure: Figure
    picture: Markup
    words: str


@dataclass(frozen=True)
class Segment:
    """One segment's page."""

    segment_id: str
    name: str
    tagline: str
    hue: int
    glyph: int
    customers: int | None
    share: float | None
    recoverable: float | None
    story: tuple[tuple[str, str], ...]
    """Pieces of the story: style (plain, pain, strong) and text."""
    facts: tuple[Fact, ...]
    profile: tuple[ProfileRow, ...]
    rule: str
    map: JourneyMap
    persona: Persona
    causes: RowChart
    funnel: RowChart
    paths: Drawing
    satisfaction: RowChart
    drivers: RowChart
    opportunities: RowChart
    emblem: Markup
    spark: Markup
    satisfaction_words: str = ""
    satisfaction_score: str = ""
    recoverable_words: str = ""
    low_point: str = ""
    low_words: str = ""


@dataclass(frozen=True)
class Tile:
    text: str
    level: int
    """-2 to 2, from pain to delight; 9 where there is no number."""
    title: str
    thin: bool = False


@dataclass(frozen=True)
class TileMap:
    """Rows of tiles under named columns."""

    figure: Figure
    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[Tile, ...]], ...]
    """Segment id, name, tiles."""


@dataclass(frozen=True)
class Station:
    """One station of the process strip."""

    name: str
    number: str
    words: str
    picture: Markup
    room: str


@dataclass(frozen=True)
class Finding:
    """What the map linter found."""

    segment: str
    words: str


@dataclass(frozen=True)
class About:
    """What the site was made from, and how the page says so."""

    as_of: date
    published_at: str
    run_id: str
    version: str
    revision: str
    currency: str
    min_cell: int
    checks_words: str
    checks_failed: bool
    is_sample: bool
    systems: tuple[str, ...]
    notice: str = ""


@dataclass(frozen=True)
class DataPage:
    """What analysts want to know of the data."""

    sources: tuple[dict[str, Any], ...]
    checks: tuple[dict[str, Any], ...]
    warned: tuple[dict[str, Any], ...]
    metrics: tuple[dict[str, Any], ...]
    tables: tuple[dict[str, Any], ...]
    findings: tuple[Finding, ...]
    missing: tuple[tuple[str, str], ...]
    lacking: tuple[tuple[str, str], ...] = ()
    """The findings again: what is lacking, and the maps that lack it."""
    checked: Mapping[str, int] = field(default_factory=dict)
    """Number of checks by table."""
    lineage: Mapping[str, Made] = field(default_factory=dict)
    with_sql: frozenset[str] = frozenset()
    with_docs: bool = False
    """The dbt docs lie beside the version."""


@dataclass(frozen=True)
class Room:
    """One room of the tour."""

    anchor: str
    name: str
    title: str
    words: str
    picture: Markup
    link: str
    link_words: str


@dataclass(frozen=True)
class Opportunity:
    """One opportunity's own place on the page; ``facts`` are pairs of a name and words."""

    opportunity_id: str
    title: str
    problem: str
    status: str
    is_closed: bool
    is_overdue: bool
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Site:
    """Everything that is shown."""

    about: About
    headline: tuple[str, str]
    made_from: str
    stations: tuple[Station, ...]
    segments: tuple[Segment, ...]
    cards_title: str
    matrix: TileMap
    changes: tuple[str, ...]
    pains: RowChart
    pain_tiles: TileMap
    asked: RowChart
    complaints: RowChart
    themes: RowChart
    satisfaction: RowChart
    funnel_tiles: TileMap
    curves: Curves
    gaps: RowChart
    niches: RowChart
    opportunities: RowChart
    efforts: Efforts
    keepers: RowChart
    offers: RowChart
    ideas: tuple[Opportunity, ...]
    rooms: tuple[Room, ...]
    data: DataPage
    figures: tuple[Figure, ...]


def parts_of(whole: Site | Segment) -> dict[str, Any]:
    """What of a site or segment carries a figure, by name."""
    values = {name.name: getattr(whole, name.name) for name in fields(whole)}
    return {name: value for name, value in values.items() if isinstance(getattr(value, "figure", None), Figure)}
