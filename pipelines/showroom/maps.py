"""Journey maps from the published rows: columns, mood, money, lanes.

Belongs here: which rows become which cell, what is too thin, which column is the worst. Stays out: geometry
(``charts/mood.py``) and words (``copy.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist, fmean
from typing import Any

from pipelines.showroom import copy, voice
from pipelines.showroom import format as fmt
from pipelines.showroom import opportunities as ideas
from pipelines.showroom.charts import mood
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Barrier, Estimate, Figure, How, Item, JourneyMap, Mood, StageColumn

NOTHING_KNOWN = "Nothing known"
"""What stands where no system tells: a phone leaves such a lane out."""
TEXT_LANES = ("actions", "touchpoints", "expectations", "questions", "emotions", "backstage")
LANE_NAMES = {
    "actions": "Actions",
    "touchpoints": "Touchpoints",
    "expectations": "Expectations",
    "questions": "Questions",
    "emotions": "Emotions",
    "barriers": "Barriers",
    "opportunities": "Opportunities",
    "backstage": "Backstage",
}
FEWEST_ANSWERS, FEW_ANSWERS = 30, 50
PER_LANE = {"actions": 2, "touchpoints": 3, "expectations": 2, "questions": 2, "emotions": 2, "backstage": 3}
MOST_BARRIERS, MOST_IDEAS = 3, 2
Z95 = NormalDist().inv_cdf(0.975)

HEAD = ("scenario", "goal", "owner")
"""What a map is headed by; the linter wants it of every map."""

FUNNEL = "purchase"
ENTERED_BY = {"add_to_cart": "cart", "begin_checkout": "buy"}
"""Steps of the funnel that open a column of the map: their share stands on the boundary."""
LOW_POINTS = 0.03

UNITS = {"tickets": "of their tickets", "points": "of 10"}


@dataclass(frozen=True)
class MapInput:
    """What the maps are made of, read once for all segments."""

    rows: Sequence[Row]
    funnel: Sequence[Row]
    opportunities: Sequence[Row] | None
    """None where no such table is published."""
    currency: str
    as_of: date
    scheme: str
    personas: Sequence[Row] = ()


def stages_of(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Id and name of the columns, from left to right."""
    found = {(row["stage_order"], row["stage"], row["stage_name"]) for row in rows if row["stage_order"]}
    return [(stage, name) for _, stage, name in sorted(found)]


def moods_of(rows: Sequence[Row]) -> dict[str, Estimate]:
    """The mood of each column of one segment."""
    return {
        row["stage"]: Estimate(row["value"], row["lo"], row["hi"], row["n"], row["suppressed"])
        for row in rows
        if row["lane"] == "emotions" and row["item"] == "mood"
    }


def mood_state(estimate: Estimate | None) -> str:
    """shown, thin (read with care), few (no score) or none (not asked)."""
    if estimate is None:
        return "none"
    if not estimate.shown or (estimate.n or 0) < FEWEST_ANSWERS or estimate.lo is None:
        return "few"
    return "thin" if (estimate.n or 0) < FEW_ANSWERS else "shown"


def point_of(found: Mood) -> mood.Point | None:
    """A mood that is shown, as a point of a curve."""
    value, lo, hi = found.estimate.value, found.estimate.lo, found.estimate.hi
    if found.state not in ("shown", "thin") or value is None or lo is None or hi is None:
        return None
    return mood.Point(value, lo, hi, found.state == "thin")


def clear_low(moods: Mapping[str, Estimate]) -> str | None:
    """The lowest column, if it lies below the others' mean by more than a margin widened for looking at all of them."""
    usable = {stage: found for stage, found in moods.items() if mood_state(found) in ("shown", "thin")}
    if len(usable) < copy.FEWEST_TO_COMPARE:
        return None
    lowest = min(sorted(usable), key=lambda stage: usable[stage].value or 0.0)
    others = fmean(found.value or 0.0 for stage, found in usable.items() if stage != lowest)
    wider = NormalDist().inv_cdf(1 - 0.025 / len(usable)) / Z95
    half = (usable[lowest].half or 0.0) * wider
    return lowest if (usable[lowest].value or 0.0) + half < others else None


def build_map(given: MapInput, segment_id: str, name: str, figure_id: str) -> JourneyMap:
    """One segment's map."""
    own = [row for row in given.rows if row["scheme_id"] == given.scheme and row["segment_id"] == segment_id]
    everyone = moods_of([row for row in given.rows if row["scheme_id"] == "company"])
    stages = stages_of(given.rows)
    cells: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in own:
        cells[row["stage"], row["lane"]].append(row)
    moods = moods_of(own)
    low = clear_low(moods)
    barriers = {stage: _barriers(cells[stage, "barriers"], given.currency) for stage, _ in stages}
    amounts = {stage: max((b.amount for b in barriers[stage]), default=0.0) for stage, _ in stages}
    richest = max(sorted(amounts), key=lambda stage: amounts[stage]) if any(amounts.values()) else None
    worst = low or richest
    pills = _pills(given, segment_id)
    # Where no system records a cart or a visit, nobody has looked: that is not the same as having found none.
    nothing = "None found" if any(row["lane"] == "barriers" for row in given.rows) else NOTHING_KNOWN
    told_by = [row for row in given.personas if row["segment_id"] == segment_id]
    asked = {str(row["item"]): row["stage"] for row in given.rows if row["lane"] == "questions"}
    said = voice.complaints_by_stage(told_by, asked)
    columns = []
    for place, (stage, stage_name) in enumerate(stages):
        previous = stages[place - 1][1] if place else ""
        pill = pills.get(stage, ("", False))
        columns.append(
            StageColumn(
                stage_id=stage,
                name=stage_name,
                people=_people(cells[stage, "people"]),
                pill=pill[0],
                pill_title=f"{pill[0]} of those at {previous} get here" if pill[0] else "",
                pill_low=pill[1],
                mood=_mood(moods.get(stage), everyone.get(stage)),
                is_worst=stage == worst,
                is_low=stage == low,
                money=fmt.money(amounts[stage], given.currency) if amounts[stage] else "",
                money_height=amounts[stage] / max(amounts.values()) if amounts[stage] else 0.0,
                money_note="" if amounts[stage] else ("Not costed" if barriers[stage] else nothing),
                lanes={
                    lane: (*_said(said.get(stage), lane), *_items(cells[stage, lane], lane, given.as_of))
                    for lane in TEXT_LANES
                },
                barriers=barriers[stage],
                barriers_note=_barriers_note(cells[stage, "barriers"], barriers[stage], nothing),
                opportunities=ideas.in_lane(given.opportunities or (), given.scheme, segment_id, stage)[:MOST_IDEAS],
                opportunities_note="Not published yet" if given.opportunities is None else "None yet",
            )
        )
    names = dict(stages)
    told = sum(mood_state(found) in ("shown", "thin") for found in moods.values())
    money = None if low else _named(richest, names)
    title = copy.map_title(_named(low, names), money, told=told >= copy.FEWEST_TO_COMPARE, asked=bool(everyone))
    points = [point_of(column.mood) for column in columns]
    ghosts = [
        found.value if (found := everyone.get(stage)) is not None and mood_state(found) != "few" else None
        for stage, _ in stages
    ]
    others = [found.value or 0.0 for stage, found in moods.items() if stage != low and mood_state(found) != "few"]
    lowest = None if low is None else (names[low], moods[low].value or 0.0, fmean(others))
    head = {row["item"]: row for row in own if row["lane"] == "header"}
    dates = next(iter(head.values()), {})
    return JourneyMap(
        actor=_text(head, "actor") or name,
        scenario=_text(head, "scenario"),
        goal=_text(head, "goal"),
        kpi=_text(head, "kpi"),
        owner=_text(head, "owner"),
        reviewed_on=dates.get("reviewed_on"),
        review_by=dates.get("review_by"),
        is_overdue=bool(dates.get("review_by") and dates["review_by"] < given.as_of),
        columns=tuple(columns),
        figure=_figure(given, own, said, figure_id, title),
        curve=mood.picture(points, ghosts, figure_id),
        curve_words=copy.curve_words(name, lowest, told, len(stages)),
        unsaid=copy.unsaid([item for item in HEAD if item not in head]),
    )


def _named(stage: str | None, names: Mapping[str, str]) -> tuple[str, str] | None:
    return None if stage is None else (stage, names[stage])


def _text(head: Mapping[str, Row], item: str) -> str:
    return str(head[item]["text"]) if item in head else ""


def _people(rows: Sequence[Row]) -> str:
    """People of the segment in the column in the year, and their share."""
    for row in rows:
        if row["value"] == 0:
            return ""
        if row["value"] is not None and row["n"]:
            return f"{fmt.count(row['value'] * row['n'])} people · {fmt.share(row['value'])}"
    return "few people" if rows else ""


def _mood(estimate: Estimate | None, everyone: Estimate | None) -> Mood:
    state = mood_state(estimate)
    ghost = everyone.value if everyone is not None and mood_state(everyone) != "few" else None
    if estimate is None or state in ("none", "few"):
        words = "not asked" if state == "none" else "too few answers"
        return Mood(Estimate(None, suppressed=state == "few"), ghost, state, words)
    value = estimate.value or 0.0
    return Mood(estimate, ghost, state, copy.mood_word(value), copy.difference(value, ghost, estimate.half))


def _items(rows: Sequence[Row], lane: str, as_of: date) -> tuple[Item, ...]:
    """The lane's lines in one column, measured ones first; the score of the mood is left to the curve."""
    counted = [row for row in rows if row["value"] or row["source_kind"] == "judgement"]
    shown = [row for row in counted if not row["suppressed"] and row["item"] != "mood"]
    ordered = sorted(shown, key=lambda row: (row["source_kind"] == "judgement", row["item_order"], row["item"]))
    return tuple(_item(row, lane, as_of) for row in ordered[: PER_LANE[lane]])


def _item(row: Row, lane: str, as_of: date) -> Item:
    if row["source_kind"] == "judgement":
        overdue = row["review_by"] is not None and row["review_by"] < as_of
        title = f"Team judgement by {row['owner']}, reviewed {fmt.day(row['reviewed_on'])}"
        return Item(row["text"], "", "judgement", f"{title}; review overdue" if overdue else title, overdue)
    number = {
        "share": fmt.share(row["value"]),
        "points": f"{fmt.decimal(row['value'])} of 10",
        "minutes": fmt.duration(60 * (row["value"] or 0.0)),
    }.get(row["unit"], fmt.decimal(row["value"]))
    if lane == "questions":
        number = f"{number} of tickets"
    kind = "Survey" if row["source_kind"] == "survey" else "Measured"
    title = f"{kind}: {row['basis']}, n = {fmt.count(row['n'])}"
    return Item(row["text"], number, row["source_kind"], title)


def _said(row: Row | None, lane: str) -> tuple[Item, ...]:
    """What they complain of most in the column, in the lane of emotions: a model or rule says so of their texts."""
    if row is None or lane != "emotions":
        return ()
    text = f"Complain of {voice.topic_name(row['item'])}"
    title = f"Inferred by a model or rule: {row['basis']}, n = {fmt.count(row['n'])}"
    return (Item(text, f"{fmt.share(row['value'])} of writers", "inferred", title),)


def _barriers(rows: Sequence[Row], currency: str) -> tuple[Barrier, ...]:
    """Costed barriers first; a cost whose margin holds zero is no cost yet."""
    shown = sorted((row for row in rows if not row["suppressed"]), key=lambda row: (row["item_order"], row["item"]))
    found = []
    for row in shown:
        lo = row["recoverable_revenue_year_lo"]
        value = row["recoverable_revenue_year"]
        is_costed = value is not None and lo is not None and lo > 0
        note = "" if is_costed else ("Not costed yet" if value is None else "Not clear of zero")
        found.append(
            Barrier(
                text=row["text"],
                reach=f"{fmt.share(row['value'])} meet it",
                money=fmt.money(value, currency) if is_costed else "",
                money_range=fmt.money_range(lo, row["recoverable_revenue_year_hi"], currency) if is_costed else "",
                note=note,
                title=f"{row['basis']}; n = {fmt.count(row['n'])}",
                amount=float(value) if is_costed else 0.0,
            )
        )
    ordered = sorted(found, key=lambda barrier: (-barrier.amount, barrier.note == "Not costed yet"))
    return tuple(ordered[:MOST_BARRIERS])


def _barriers_note(rows: Sequence[Row], shown: Sequence[Barrier], nothing: str) -> str:
    if shown:
        return ""
    return "Too few cases to show" if rows else nothing


def _pills(given: MapInput, segment_id: str) -> dict[str, tuple[str, bool]]:
    """Share of the column before that gets here, and whether that is clearly less than among the rest."""
    found = {}
    for row in given.funnel:
        stage = ENTERED_BY.get(row["step"])
        if stage is None or row["group_id"] != segment_id or row["suppressed"] or row["value"] is None:
            continue
        behind = row["vs_rest_hi"] is not None and row["vs_rest_hi"] < 0 and row["vs_rest_value"] <= -LOW_POINTS
        found[stage] = (fmt.share(row["value"]), behind)
    return found


def _figure(given: MapInput, own: Sequence[Row], said: Mapping[str, Row], figure_id: str, title: str) -> Figure:
    return Figure(
        figure_id=figure_id,
        kicker="Journey map",
        title=title,
        dek="What they do, expect, ask and feel in the twelve months up to "
        f"{fmt.day(given.as_of)}, and what gets in their way.",
        how=How(
            words="People in a column did something there in the year. The mood is one question on one scale, put "
            "to the column of the last thing a person did in the 30 days before answering; −2 is the worst answer, +2 "
            "the best. Recoverable is the largest single barrier of the column: barriers overlap, so they are not "
            "added. Filled circles are counted, half-filled ones come from survey answers, squares are what a "
            "model or rule says of their texts, dotted ones what the team believes.",
            tables=("journey_map", "pain_points", "cart_abandonment_causes", "funnel_steps", "personas"),
            metrics=(("stage_mood", ""), ("stage_people", ""), ("stage_action_share", ""), ("ticket_topic_share", "")),
            sql="select * from journey_map\n"
            f"where scheme_id = '{given.scheme}' and segment_id = '{_own_id(own)}'\n"
            "order by stage_order, lane, item_order",
        ),
        rows=(*map(_csv_row, own), *(_said_row(stage, row) for stage, row in said.items())),
        absent="" if own else copy.absent("journey_map", "Journey maps are"),
    )


def _own_id(own: Sequence[Row]) -> str:
    return str(own[0]["segment_id"]) if own else ""


CSV_COLUMNS = (
    *("scheme_id", "segment_id", "stage", "lane", "source_kind", "item", "item_order", "text", "unit"),
    *("value", "lo", "hi", "n", "suppressed", "recoverable_revenue_year", "recoverable_revenue_year_lo"),
    *("recoverable_revenue_year_hi", "evidence", "owner", "review_by", "as_of", "run_id"),
)


def _said_row(stage: str, row: Row) -> dict[str, Any]:
    text = f"Complain of {voice.topic_name(row['item'])}"
    return {name: row.get(name) for name in CSV_COLUMNS} | {"stage": stage, "lane": "emotions", "text": text}


def _csv_row(row: Row) -> dict[str, Any]:
    shown = {name: row[name] for name in CSV_COLUMNS}
    if row["item"] == "mood" and (row["n"] or 0) < FEWEST_ANSWERS:
        # A score too thin for the page is too thin for the file behind it.
        shown |= {"value": None, "lo": None, "hi": None, "n": None, "suppressed": True}
    return shown
