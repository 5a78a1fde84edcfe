"""Opportunities: what could be mended, what it could bring, who answers for it, and what came of what was done.

Belongs here: the rows of the opportunity page and of the maps' lane. Stays out: how a value is reckoned.

Opportunities overlap: two of them may win back the same cart, so their values are never added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.showroom import copy
from pipelines.showroom import format as fmt
from pipelines.showroom.charts import bars
from pipelines.showroom.figures import key
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Cell, ChartRow, Figure, How, Item, Opportunity, RowChart

TABLE = "opportunities"
EVIDENCE = "opportunity_evidence"
EFFORTS = ("small", "medium", "large")
STATUSES = {
    "in_test": "In test",
    "ready": "Ready",
    "planned": "Planned",
    "idea": "Idea",
    "done": "Done",
    "dropped": "Dropped",
}
CLOSED = ("done", "dropped")
GRADES = {"triangulated": "Several", "single": "One", "none": "None yet"}
CASES = {
    "pays_back": "Pays back within three years even at the low end.",
    "may_pay_back": "May pay back: at the high end it does within three years.",
    "does_not_pay_back": "Does not pay back within three years, not even at the high end.",
    "not_costed": "What it brings is not costed yet.",
}
CHECKED = {
    "met_less": "It is met less often since",
    "met_more": "It is met more often since",
    "no_evidence": "No change beyond its margin",
    "too_few_yet": "Too few cases since to tell",
    "suppressed": "Too few cases to show",
}
FIGURE_ROWS = (
    *("opportunity_id", "stage", "title", "segments_hit", "value", "lo", "hi", "n", "basis", "suppressed", "effort"),
    *("evidence_grade", "owner", "status", "since", "review_by", "is_overdue", "business_case", "as_of", "run_id"),
)


def in_order(rows: Sequence[Row]) -> list[Row]:
    """The most valuable first, those not costed after them by their place on the map."""
    return sorted(rows, key=lambda row: (-(row["value"] or 0.0), row["stage_order"] or 0, row["opportunity_id"]))


def in_lane(rows: Sequence[Row], scheme: str, segment: str, stage: str) -> tuple[Item, ...]:
    """What is open for a segment in a column of its map: what names it, or names nobody."""
    meant = [row for row in in_order(of_segment(rows, scheme, segment)) if row["stage"] == stage]
    return tuple(
        Item(str(row["title"]), STATUSES[row["status"]], "judgement", row["opportunity_id"])
        for row in meant
        if row["status"] not in CLOSED
    )


def of_segment(rows: Sequence[Row], scheme: str, segment: str) -> list[Row]:
    """What names the segment, or no segment of the scheme: then it is everybody's."""

    def is_meant(row: Row) -> bool:
        named = [part for part in (row["segments_hit"] or "").split(", ") if part.startswith(f"{scheme}:")]
        return not named or f"{scheme}:{segment}" in named

    return [row for row in rows if is_meant(row)]


def opportunities_chart(
    rows: Sequence[Row], names: Mapping[str, str], currency: str, *, is_there: bool, figure_id: str = TABLE
) -> RowChart:
    """Every open opportunity: its range, its effort, its evidence, who answers for it, where it stands."""
    drawn = [row for row in in_order(rows) if row["status"] not in CLOSED]
    top = max((row["hi"] for row in drawn if row["hi"]), default=1.0)
    figure = Figure(
        figure_id=figure_id,
        kicker="Opportunities",
        title=copy.opportunities_title(
            [(row["title"], row["lo"], row["hi"]) for row in drawn if row["value"]], len(drawn)
        ),
        dek="What each could bring in a year"
        + (" from all groups together" if figure_id != TABLE else "")
        + ", from its low to its high end. They overlap: two may win back the same order, so they have no sum.",
        how=How(
            words="The value is the amount that goes with one costed finding, times the share of it that is assumed to "
            "come back; the ends combine the margin of the amount with the range of that assumption. Costs and shares "
            "are assumptions people keep, with their reasons below. What was found is an association.",
            tables=(TABLE, EVIDENCE, "pain_points", "cart_abandonment_causes"),
            metrics=(("opportunity_value_year", ""), ("recoverable_revenue_year", "")),
        ),
        rows=tuple({name: row.get(name) for name in FIGURE_ROWS} for row in in_order(rows)),
        absent="" if drawn else copy.NONE_OPEN if is_there else copy.absent(TABLE, "Opportunities are"),
    )
    return RowChart(
        figure,
        ("Opportunity", "Could bring a year", "Effort", "Kinds of evidence", "Where it stands"),
        tuple(_row(row, names, currency, top) for row in drawn),
        key(("margin blue", "from the low to the high end"), ("dot", "middle")),
        f"{sum(row['value'] is not None for row in drawn)} of {len(drawn)} are costed.",
    )


def _row(row: Row, names: Mapping[str, str], currency: str, top: float) -> ChartRow:
    value, lo, hi = row["value"], row["lo"], row["hi"]
    if value is None or lo is None or hi is None:
        money = Cell("Could bring a year", text="Not costed yet", style="words")
    else:
        mark = bars.range_dot(value, lo, hi, (0.0, top))
        money = Cell("Could bring a year", mark, fmt.money(value, currency), fmt.money_range(lo, hi, currency))
    since = f"since {fmt.day(row['since'])}" if row["since"] else f"for {row['owner']}"
    overdue = ", review overdue" if row["is_overdue"] else ""
    return ChartRow(
        str(row["title"]),
        f"{row['stage_name']} · {hit_words(row['segments_hit'], names)}",
        (
            money,
            Cell("Effort", text=fmt.human(str(row["effort"]))),
            Cell("Kinds of evidence", text=GRADES.get(row["evidence_grade"], fmt.NOTHING)),
            Cell("Where it stands", text=STATUSES[row["status"]], small=f"{since}{overdue}"),
        ),
        group=str(row["opportunity_id"]),
    )


def hit_words(hit: str | None, names: Mapping[str, str]) -> str:
    """The groups a problem meets clearly more often than others; schemes that have no page are not named."""
    found = [names[group] for part in (hit or "").split(", ") if (group := part.partition(":")[2]) in names]
    return ", ".join(dict.fromkeys(found)) or "all groups"


def details(
    rows: Sequence[Row], evidence: Sequence[Row], names: Mapping[str, str], metrics: Mapping[str, str], currency: str
) -> list[Opportunity]:
    """Everything that is known of each, for its own place on the page; ``names`` are of groups."""
    speaking: dict[str, list[str]] = {}
    for found in evidence:
        if found["verdict"] == "supports":
            speaking.setdefault(found["opportunity_id"], []).append(_finding(found, names, metrics, currency))
    return [_detail(row, speaking.get(row["opportunity_id"], []), names, currency) for row in in_order(rows)]


def _detail(row: Row, found: Sequence[str], names: Mapping[str, str], currency: str) -> Opportunity:
    facts = [
        ("Who meets it", hit_words(row["segments_hit"], names)),
        ("Remedy", str(row["remedy"])),
        ("Could bring a year", _value(row, currency)),
        *((("Assumes", str(row["assumptions"])),) if row["assumptions"] else ()),
        ("Business case", CASES.get(row["business_case"], fmt.NOTHING)),
        ("Evidence", "; ".join(dict.fromkeys(found)) or GRADES["none"]),
        ("Kept by", _keeper(row)),
        ("Success shows in", _success(row)),
    ]
    if row["note"]:
        facts.append(("Its owner writes", str(row["note"])))
    return Opportunity(
        opportunity_id=str(row["opportunity_id"]),
        title=str(row["title"]),
        problem=str(row["problem"]),
        status=STATUSES[row["status"]],
        is_closed=row["status"] in CLOSED,
        is_overdue=bool(row["is_overdue"]),
        facts=tuple(facts),
    )


def _value(row: Row, currency: str) -> str:
    if row["value"] is None:
        return "Not costed yet"
    ends = fmt.money_range(row["lo"], row["hi"], currency)
    return f"{fmt.money(row['value'], currency)} ({ends}), sized by {row['sized_by']}"


def _keeper(row: Row) -> str:
    since = f" since {fmt.day(row['since'])}" if row["since"] else ""
    status = f"{STATUSES[row['status']].lower()}{since}"
    review = f", to be looked at by {fmt.day(row['review_by'])}" if row["review_by"] else ""
    return f"{row['owner']}: {status}{review}{' (overdue)' if row['is_overdue'] else ''}"


def _success(row: Row) -> str:
    """What shows whether it helped; of what is done, what came of it."""
    watched = fmt.human(str(row["watched_pain"])).lower() if row["watched_pain"] else ""
    if not watched:
        return "Nothing is watched yet"
    verdict = CHECKED.get(row["check_verdict"])
    if verdict is None:
        return f"the share that meets “{watched}”"
    change = ""
    if row["check_before"] is not None and row["check_after"] is not None:
        change = f": {fmt.share(row['check_before'])} before, {fmt.share(row['check_after'])} after"
        change += f" ({fmt.points(row['check_difference_lo'])} to {fmt.points(row['check_difference_hi'])})"
    return f"the share that meets “{watched}”. {verdict}{change}. An association, not an effect"


def _finding(row: Mapping[str, Any], names: Mapping[str, str], metrics: Mapping[str, str], currency: str) -> str:
    """A finding by the name of its metric, where it is of one, and where it was found."""
    metric = str(row["finding"]).partition(":")[0]
    where = names.get(str(row["segment_id"]), "everyone")
    amount = ""
    if row["amount_year"] is not None:
        amount = f", {fmt.money(row['amount_year'], currency)} a year goes with it"
    found = metrics.get(metric) or fmt.human(str(row["finding"]).replace(":", " "))
    return f"{found} ({row['found_in']}, {where}{amount})"
