"""One segment's page from the published rows: header, facts, profile, and the figures below.

Belongs here: putting the parts of a page together. Stays out: the figures themselves (``maps.py``, ``figures.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.showroom import copy, drivers, figures, maps, moves, personas
from pipelines.showroom import format as fmt
from pipelines.showroom import opportunities as ideas
from pipelines.showroom.charts import bars, spark
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Estimate, Fact, ProfileRow, RowChart, Segment, StageColumn

HUES = 6
PROFILE_ROWS = 6
MEASURES = {
    "average_order_value": "Average order",
    "orders_per_customer": "Orders so far",
    "net_revenue_per_customer": "Revenue per customer",
    "tickets_per_customer": "Tickets per customer",
    "cart_abandonment_rate": "Carts left behind",
    "email_reachable_share": "Can be written to",
    "acsi_style_index": "Satisfaction, all answers",
}
MONEY = ("average_order_value", "net_revenue_per_customer")


@dataclass(frozen=True)
class Tables:
    """The rows every segment's page is made of, read once."""

    map: maps.MapInput
    profiles: Sequence[Row]
    causes: Sequence[Row]
    funnel: Sequence[Row]
    transitions: Sequence[Row]
    scores: Sequence[Row]
    deltas: Sequence[Row]
    drivers: Sequence[Row]
    names: Mapping[str, str]
    rules: Mapping[str, str]
    """How the scheme's segments are told apart, in words."""
    words: Mapping[str, str]
    """The rule of every scheme's segments in words, by scheme:segment."""

    @property
    def scheme(self) -> str:
        return self.map.scheme

    @property
    def currency(self) -> str:
        return self.map.currency


def names_of(rows: Sequence[Row], scheme: str, segments: Sequence[str]) -> dict[str, str]:
    """The actor of each segment's map; without one its id in words."""
    actors = {
        row["segment_id"]: str(row["text"])
        for row in rows
        if row["scheme_id"] == scheme and row["lane"] == "header" and row["item"] == "actor"
    }
    return {segment: actors.get(segment, fmt.human(segment)) for segment in segments}


def cause_names(rows: Sequence[Row]) -> dict[str, str]:
    """Causes of lost carts as the maps name them."""
    return {
        row["item"].removeprefix("cart:"): str(row["text"])
        for row in rows
        if row["lane"] == "barriers" and row["item"].startswith("cart:")
    }


def build_segment(given: Tables, segment_id: str, place: int) -> Segment:
    """One segment's page; ``place`` is its hue and outline."""
    name = given.names[segment_id]
    own = {row["measure"]: _estimate(row) for row in _of(given.profiles, given.scheme, segment_id)}
    everyone = {row["measure"]: _estimate(row) for row in _of(given.profiles, "company", "all")}
    period = f"in the two years up to {fmt.day(given.map.as_of)}"
    journey = maps.build_map(given.map, segment_id, name, f"map-{segment_id}")
    causes = figures.causes_chart(
        _of(given.causes, given.scheme, segment_id),
        cause_names(given.map.rows),
        given.currency,
        figure_id=f"lost-carts-{segment_id}",
        period=period,
    )
    satisfaction = _satisfaction(given, segment_id)
    low = maps.clear_low(maps.moods_of(_of(given.map.rows, given.scheme, segment_id)))
    worst = next((column for column in journey.columns if column.is_worst), None)
    richest = max((b for c in journey.columns for b in c.barriers), key=lambda b: b.amount, default=None)
    amount = richest.amount if richest is not None and richest.amount else None
    differences = _differences(own, everyone)
    points = [maps.point_of(column.mood) for column in journey.columns]
    places = [column.stage_id for column in journey.columns]
    asked = any(column.mood.state != "none" for column in journey.columns)
    customers = own.get("customers", Estimate(None)).value
    now = next((row for row in satisfaction.rows if row.style.startswith("mine")), None)
    return Segment(
        segment_id=segment_id,
        name=name,
        tagline=journey.scenario
        or copy.tagline(
            [(measure, rel) for measure, rel, _ in differences], given.words.get(f"{given.scheme}:{segment_id}", "")
        ),
        hue=place % HUES,
        glyph=place,
        customers=None if customers is None else round(customers),
        share=own.get("share", Estimate(None)).value,
        recoverable=amount,
        story=copy.story(
            low=copy.at_stage(low, low) if low else "",
            told=sum(column.mood.state in ("shown", "thin") for column in journey.columns),
            stages=len(journey.columns),
            asked=asked,
            money_stage=copy.at_stage(worst.stage_id, worst.name) if worst is not None and not low else "",
            cause=richest.text.lower() if richest is not None and amount else "",
            amount=fmt.money(amount, given.currency) if amount else "",
            lost=own.get("cart_abandonment_rate", Estimate(None)),
            everyone=everyone.get("cart_abandonment_rate", Estimate(None)),
        ),
        facts=_facts(own, satisfaction, given.currency, period),
        profile=_profile(everyone, differences, given.currency),
        rule=given.rules.get(segment_id, ""),
        map=journey,
        persona=personas.persona_of(
            [row for row in given.map.personas if row["segment_id"] == segment_id],
            name,
            given.words,
            given.currency,
            figure_id=f"persona-{segment_id}",
        ),
        causes=causes,
        funnel=figures.funnel_chart(
            [row for row in given.funnel if row["breakdown"] == given.scheme and row["group_id"] == segment_id],
            [row for row in given.funnel if row["breakdown"] == "company"],
            name,
            figure_id=f"funnel-{segment_id}",
            period=period,
        ),
        paths=figures.paths_drawing(
            _of(given.transitions, given.scheme, segment_id), name, figure_id=f"paths-{segment_id}", period=period
        ),
        satisfaction=satisfaction,
        drivers=drivers.drivers_chart(
            [row for row in given.drivers if row["group_id"] == segment_id], figure_id=f"drivers-{segment_id}"
        ),
        opportunities=ideas.opportunities_chart(
            ideas.of_segment(given.map.opportunities or (), given.scheme, segment_id),
            given.names,
            given.currency,
            is_there=given.map.opportunities is not None,
            figure_id=f"opportunities-{segment_id}",
        ),
        emblem=spark.emblem(own.get("share", Estimate(None)).value, place),
        spark=spark.sparkline(points, places.index(low) if low else None, f"spark-{segment_id}"),
        satisfaction_score=now.cells[1].text if now is not None else fmt.NOTHING,
        satisfaction_words=_score_words(now.cells[1].small if now is not None else "", asked=bool(given.scores)),
        recoverable_words=f"{fmt.money(amount, given.currency)}" if amount else "Not costed",
        low_point=worst.name if worst is not None else "",
        low_words=_low_words(worst, low is not None, told=any(point is not None for point in points), asked=asked),
    )


def _of(rows: Sequence[Row], scheme: str, segment_id: str) -> list[Row]:
    return [row for row in rows if row["scheme_id"] == scheme and row["segment_id"] == segment_id]


def _estimate(row: Row) -> Estimate:
    return Estimate(row["value"], row["lo"], row["hi"], row["n"], row["suppressed"])


def _score_words(margin: str, *, asked: bool) -> str:
    if not asked:
        return "satisfaction: not asked"
    return f"satisfaction {margin}" if margin else "satisfaction: too few answers"


def _low_words(worst: StageColumn | None, is_mood: bool, *, told: bool, asked: bool) -> str:
    if worst is None:
        return copy.NOTHING_APART if told else "Too few answers to draw it" if asked else copy.NOT_ASKED
    if is_mood:
        return f"{worst.mood.word}, {fmt.change(worst.mood.estimate.value)}"
    return f"{worst.barriers[0].text}: {worst.barriers[0].reach}" if worst.barriers else ""


def _differences(own: Mapping[str, Estimate], everyone: Mapping[str, Estimate]) -> list[tuple[str, float, Estimate]]:
    """(measure, relative difference, own) of what is beyond its margin, the most margins away first."""
    found = []
    for measure in MEASURES:
        mine, base = own.get(measure), everyone.get(measure)
        if mine is None or base is None or not mine.shown or not base.value or not mine.half:
            continue
        distance = ((mine.value or 0.0) - base.value) / mine.half
        if abs(distance) > 1:
            found.append((abs(distance), measure, (mine.value or 0.0) / base.value - 1, mine))
    return [(measure, rel, mine) for _, measure, rel, mine in sorted(found, key=lambda row: (-row[0], row[1]))]


def _profile(
    everyone: Mapping[str, Estimate],
    differences: Sequence[tuple[str, float, Estimate]],
    currency: str,
) -> tuple[ProfileRow, ...]:
    chosen = sorted(differences[:PROFILE_ROWS], key=lambda row: (-row[1], row[0]))
    return tuple(
        ProfileRow(
            MEASURES[measure],
            _value(measure, mine.value, currency),
            fmt.relative(rel),
            bars.diverging(rel),
            f"All customers: {_value(measure, everyone[measure].value, currency)}; n = {fmt.count(mine.n)}",
        )
        for measure, rel, mine in chosen
    )


def _value(measure: str, value: float | None, currency: str) -> str:
    if measure in MONEY:
        return fmt.money_exact(value, currency)
    return fmt.share(value) if measure.endswith(("_rate", "_share")) else fmt.decimal(value, 1 if value else 0)


def _facts(own: Mapping[str, Estimate], satisfaction: RowChart, currency: str, period: str) -> tuple[Fact, ...]:
    nothing = Estimate(None)
    customers, share = own.get("customers", nothing), own.get("share", nothing)
    revenue, each = own.get("revenue_share", nothing), own.get("net_revenue_per_customer", nothing)
    lost = own.get("cart_abandonment_rate", nothing)
    score = next((row for row in satisfaction.rows if row.style.startswith("mine")), None)
    return (
        Fact("Customers", fmt.count(customers.value), "", f"{fmt.share(share.value)} of all", "share"),
        Fact(
            "Share of revenue",
            fmt.share(revenue.value),
            f"± {fmt.decimal(100 * revenue.half)}" if revenue.half else "",
            f"{fmt.money(each.value, currency)} a customer {period}" if each.value else "No orders so far",
            "revenue_share",
        ),
        Fact(
            "Satisfaction",
            score.cells[1].text if score is not None and score.cells[1].text else fmt.NOTHING,
            score.cells[1].small if score is not None else "",
            score.cells[3].text if score is not None else "Not asked",
            moves.METRIC,
        ),
        Fact(
            "Lost in the cart",
            fmt.share(lost.value),
            f"± {fmt.decimal(100 * lost.half)}" if lost.half else "",
            f"of {fmt.count(lost.n)} carts {period}" if lost.n else "No carts",
            "cart_abandonment_rate",
        ),
    )


def _satisfaction(given: Tables, segment_id: str) -> RowChart:
    period = moves.last_period(given.deltas)
    found = moves.moves_of(given.scores, given.deltas, given.scheme, period)
    company = moves.moves_of(given.scores, given.deltas, "company", period)
    ordered = sorted(found, key=lambda move: move.group != segment_id)
    return moves.moves_chart(
        ordered,
        dict(given.names),
        figure_id=f"satisfaction-{segment_id}",
        period=period,
        average=company[0].now if company else None,
        mine=segment_id,
    )
