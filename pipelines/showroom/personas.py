"""Who a segment is: its persona's lines by what they tell, each with the kind of its source.

Belongs here: which lines are shown, in which order, what is left out as too thin. Stays out: how a line is counted.

What sets a segment apart comes first. What the team believes has no number, and no number comes without its margin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipelines.showroom import copy
from pipelines.showroom import format as fmt
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Figure, How
from pipelines.showroom.voice import topic_name

TABLE = "personas"
PER_GROUP = 6
TEXTS, NEEDS, DIMENSIONS = ("pains", "gains"), ("needs",), ("who", "path")
APART = {"higher": "more than the rest", "lower": "less than the rest"}
KINDS = {"measured": "Measured", "inferred": "Inferred by a model or rule", "judgement": "Team judgement"}
GROUPS = (
    ("What they want", ("job", "gain")),
    ("Who they are", ("who",)),
    ("What they do", ("behaviour", "channel", "product_line", "offer", "path")),
    ("What matters to them", NEEDS),
    ("What they write about", TEXTS),
    ("What they are worth", ("value", "worth", "reach")),
)
WORDS = {
    "n_orders": "Orders so far",
    "order_value": "Average order of each customer",
    "store_share": "Orders in a store",
    "app_share": "Visits in the app",
    "main_line_share": "Revenue in their main product line",
    "returned_order_share": "Orders with a return",
    "n_reviews": "Reviews written",
    "net_revenue_per_customer": "Revenue a customer so far",
    "revenue_share": "Share of all revenue",
    "email_reachable_share": "Can be written to",
    "expected_orders": "Orders expected next year",
    "clv": "Worth of the orders expected",
    "functional": "To get done",
    "emotional": "To feel",
    "social": "Before others",
    "required": "Must have",
}
BY_SECTION = {
    "channel": "Are met on: {}",
    "product_line": "Buy: {}",
    "offer": "Click offers: {}",
    "pains": "Complain of {}",
    "gains": "Praise {}",
}
"""What an item of a section is called, where no word of its own is."""

TWICE = ("average_order_value",)
"""What stands in the card beside the page's head, counted another way than a fact of the persona."""

STATED, OBSERVED, SD = "stated_", "observed_", " sd"
ABOUT = {
    "What matters to them": "Standard deviations from the average person.",
    "What they write about": "Share of those who wrote anything.",
}
MADE_OF_IT = "The groups are made of this."
FIGURE_ROWS = (
    *("scheme_id", "segment_id", "section", "item", "source_kind", "text", "unit", "value", "lo", "hi", "n", "basis"),
    *("suppressed", "everybody", "index", "effect_size", "p_adj", "verdict", "evidence", "owner", "review_by"),
    *("as_of", "run_id"),
)


@dataclass(frozen=True)
class Line:
    """One line: its words, its number; small its margin, what everyone has and how many it rests on; its source."""

    text: str
    number: str
    small: str
    kind: str
    title: str
    is_apart: bool


@dataclass(frozen=True)
class Group:
    name: str
    lines: tuple[Line, ...]
    note: str


@dataclass(frozen=True)
class Persona:
    """A segment in lines, gathered under what they tell."""

    figure: Figure
    groups: tuple[Group, ...]


def persona_of(rows: Sequence[Row], name: str, names: Mapping[str, str], currency: str, *, figure_id: str) -> Persona:
    """``rows`` are the segment's rows of the table; ``names`` are the words of segments as scheme:segment."""
    groups = []
    drawn: list[Row] = []
    for title, sections in GROUPS:
        own = [row for row in rows if row["section"] in sections]
        shown = _chosen([row for row in own if not row["suppressed"] and not _is_nobody_s(row)], sections)
        hidden = sum(bool(row["suppressed"]) for row in own)
        drawn += shown
        if shown or hidden:
            lines = tuple(_line(row, names, currency) for row in shown)
            is_ruled = sections is NEEDS and any(row["verdict"] == "by_rule" for row in own)
            notes = (ABOUT.get(title), MADE_OF_IT if is_ruled else "", copy.hidden_lines(hidden))
            groups.append(Group(title, lines, " ".join(filter(None, notes))))
    tested = [row for row in rows if row["verdict"] in (*APART, "no_evidence")]
    figure = Figure(
        figure_id=figure_id,
        kicker="Persona",
        title=copy.persona_title(sum(row["verdict"] in APART for row in tested), len(tested)),
        dek=f"{name}: what was counted, what a model or a rule says of them, and what the team believes. Bold is what "
        "sets them apart from the rest beyond chance.",
        how=How(
            words="Measured is what people did, answered or told of themselves; inferred is what a model or a rule "
            "says of them: topic and mood of their texts, the need their behaviour shows, orders to come. Each line is "
            "held against the rest; bold ones survive the correction for testing many lines at once. What the groups "
            "are made of is not tested: it sets them apart by rule. Age and household are counted among those who "
            "agreed to be profiled.",
            tables=(TABLE,),
            metrics=(("persona_effect_size", ""),),
        ),
        rows=tuple({key: row.get(key) for key in FIGURE_ROWS} for row in drawn),
        absent="" if groups else copy.absent(TABLE, "A persona of this group is"),
    )
    return Persona(figure, tuple(groups))


def _is_nobody_s(row: Row) -> bool:
    """What nobody at all does says nothing of a group: most likely no system records it."""
    return bool(row["value"] == 0 and row["everybody"] == 0)


def _chosen(rows: Sequence[Row], sections: Sequence[str]) -> list[Row]:
    """What sets them apart first; then of needs what leads, of texts the topics most told, of kinds the largest."""
    if sections is NEEDS:
        return _largest(rows, lambda row: str(row["item"]).partition("_")[0], 1)
    if sections is TEXTS:
        return _largest(rows, lambda row: str(row["section"]), 3)
    if not set(sections) & set(DIMENSIONS):
        rows = [row for row in rows if row["item"] not in TWICE]
        return sorted(rows, key=lambda row: (sections.index(row["section"]), row["item"]))[:PER_GROUP]
    apart = [row for row in rows if row["verdict"] in APART]
    placed = [row for row in rows if row["section"] in DIMENSIONS]
    most = _largest(placed, lambda row: str(row["item"]).partition(":")[0], 1)
    facts = [row for row in rows if row["section"] not in DIMENSIONS]
    rest = [row for row in (*most, *facts) if row not in apart]
    return [*sorted(apart, key=_strength), *rest][:PER_GROUP]


def _largest(rows: Sequence[Row], kind: Callable[[Row], str], most: int) -> list[Row]:
    """The largest values of each kind; kinds from the end, so that stated comes before observed, pains before gains."""
    found: list[Row] = []
    for each in sorted({kind(row) for row in rows}, reverse=True):
        own = [row for row in rows if kind(row) == each]
        found += sorted(own, key=lambda row: (-(row["value"] or 0.0), row["item"]))[:most]
    return found


def _strength(row: Row) -> tuple[float, str, str]:
    return (1.0 if row["p_adj"] is None else row["p_adj"], row["section"], row["item"])


def _line(row: Row, names: Mapping[str, str], currency: str) -> Line:
    section, kind = str(row["section"]), str(row["source_kind"])
    text = words_of(section, str(row["item"]), names)
    if kind == "judgement":
        review = f", to be reviewed by {fmt.day(row['review_by'])}" if row["review_by"] else ""
        title = f"{KINDS[kind]} by {row['owner']}{review}"
        return Line(f"{text}: {fmt.lower(str(row['text']))}", "", "", kind, title, is_apart=False)
    is_apart = row["verdict"] in APART
    everyone = margin = ""
    if row["everybody"] is not None and section not in NEEDS:
        everyone = f"everyone {_number(row, row['everybody'], currency)}"
    if row["lo"] is not None and row["hi"] is not None:
        least, most = (_number(row, row[end], currency) for end in ("lo", "hi"))
        margin = f"{least.removesuffix('%').removesuffix(SD)} to {most.removesuffix(SD)}"
    apart = APART[row["verdict"]] if is_apart else ""
    said = ", ".join(words for words in (margin, everyone, apart, f"n\u00a0{fmt.count(row['n'])}") if words)
    title = f"{KINDS[kind]}: {row['basis']}, n = {fmt.count(row['n'])}"
    return Line(text, _number(row, row["value"], currency), said, kind, title, is_apart)


def words_of(section: str, item: str, names: Mapping[str, str]) -> str:
    """What a line is about."""
    if section in NEEDS:
        side = "As they answer" if item.startswith(STATED) else "As they behave"
        return f"{side}: {fmt.lower(fmt.human(item.removeprefix(STATED).removeprefix(OBSERVED)))}"
    if section in DIMENSIONS:
        scheme, _, segment = item.partition(":")
        said = names.get(item)
        return fmt.human(said) if said else f"{fmt.human(scheme)} {fmt.human(segment)}"
    if item in WORDS:
        return WORDS[item]
    human = topic_name(item) if section in TEXTS else fmt.human(item)
    return BY_SECTION[section].format(human) if section in BY_SECTION else human


def _number(row: Row, value: float | None, currency: str) -> str:
    unit = str(row["unit"])
    if unit.startswith("share"):
        return fmt.share(value)
    if unit == "reporting currency":
        return fmt.money_exact(value, currency)
    if unit == "standard deviations":
        return f"{fmt.change(value, 2)}{SD}"
    return fmt.decimal(value, 2 if unit in ("orders", "reviews") else 1)
