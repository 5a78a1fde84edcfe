"""The whole site model from one published version.

Belongs here: which tables are read, the order of segments, the home page, the data page. Stays out: single figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from pipelines.showroom import (
    beside,
    copy,
    curves,
    drivers,
    effort,
    lint,
    maps,
    moves,
    pain_history,
    pains,
    personas,
    tiles,
    tour,
    voice,
)
from pipelines.showroom import format as fmt
from pipelines.showroom import opportunities as ideas
from pipelines.showroom.charts import spark
from pipelines.showroom.marts import Marts, Row
from pipelines.showroom.model import About, DataPage, Figure, Finding, RowChart, Segment, Site, Station, parts_of
from pipelines.showroom.segments import Tables, build_segment, names_of

WITHOUT_A_MAP = "lifecycle"
"""The scheme shown where no journey map is published."""

EXPECTED = {
    "journey_map": "Journey maps",
    "segment_profiles": "Profiles of segments",
    "cart_abandonment_causes": "Causes of lost carts",
    "funnel_steps": "Funnels",
    "path_transitions": "Paths",
    "satisfaction_scores": "Satisfaction",
    "satisfaction_deltas": "Changes of satisfaction",
    "satisfaction_drivers": "What satisfaction goes with",
    "personas": "Personas",
    "information_gaps": "Questions asked",
    "feedback_topics": "Complaints",
    "feedback_themes": "Themes of texts without a topic",
    "customer_gaps": "People who did not buy",
    "niches": "Niches",
    "offer_results": "Offers",
    "pain_points": "Pain points",
    "pain_quarters": "Pain points by quarter",
    "segment_rules": "The rules of segments",
    "opportunities": "Opportunities",
    "data_quality": "Checks",
    "metrics": "Definitions of metrics",
}
"""What the showroom shows, by the table it comes from; one that is not published is said to be missing."""

READS = {
    "home": (
        "journey_map",
        "segment_profiles",
        "satisfaction_scores",
        "satisfaction_deltas",
        "opportunities",
    ),
    "tour": ("journey_map", "funnel_steps", "satisfaction_scores", "satisfaction_deltas", "opportunities"),
    "segments": (
        "journey_map",
        "segment_profiles",
        "segment_rules",
        "cart_abandonment_causes",
        "funnel_steps",
        "path_transitions",
        "satisfaction_scores",
        "satisfaction_deltas",
        "satisfaction_drivers",
        "personas",
        "opportunities",
    ),
    "compare": (
        "journey_map",
        "segment_profiles",
        "funnel_steps",
        "satisfaction_scores",
        "satisfaction_deltas",
        "customer_gaps",
        "niches",
    ),
    "pains": (
        "journey_map",
        "pain_points",
        "cart_abandonment_causes",
        pain_history.TABLE,
        *voice.TABLES,
        "opportunities",
        "opportunity_evidence",
    ),
    "opportunities": ("opportunities", "opportunity_evidence", "offer_results"),
    "data": ("segment_schemes", "segment_rules"),
}
"""The published tables each page rests on; the exposures of the dbt project say the same of the marts behind them."""

KINDS = (("orders", "orders"), ("sessions", "visits"), ("survey_answers", "surveys"), ("tickets", "tickets"))
"""Kinds of record by the table that holds them, as the home page names them."""

DIMENSIONS = ("region", "product_line", "division")


def build_site(marts: Marts, *, is_sample: bool, notice: str = "") -> Site:
    """Everything the pages show, from the published tables and the manifest alone."""
    as_of = date.fromisoformat(str(marts.manifest["as_of"]))
    map_rows = marts.rows("journey_map")
    profiles = marts.rows("segment_profiles")
    scheme = _scheme(marts, map_rows)
    segments = sorted({row["segment_id"] for row in (*profiles, *map_rows) if row["scheme_id"] == scheme})
    names = names_of(map_rows, scheme, segments)
    currency = marts.reporting_currency()
    funnel = marts.rows("funnel_steps", funnel_id=maps.FUNNEL)
    opportunities = marts.rows("opportunities") if marts.has("opportunities") else None
    given = Tables(
        map=maps.MapInput(
            map_rows,
            [row for row in funnel if row["breakdown"] == scheme],
            opportunities,
            currency,
            as_of,
            scheme,
            marts.rows(personas.TABLE, scheme_id=scheme),
        ),
        profiles=profiles,
        causes=marts.rows("cart_abandonment_causes"),
        funnel=funnel,
        transitions=marts.rows("path_transitions", scheme_id=scheme),
        scores=marts.rows("satisfaction_scores", metric_id=moves.METRIC),
        deltas=marts.rows("satisfaction_deltas", metric_id=moves.METRIC),
        drivers=marts.rows(drivers.TABLE, dimension=scheme),
        names=names,
        rules=_rules(marts, scheme),
        words={f"{row['scheme_id']}:{row['segment_id']}": str(row["words"]) for row in marts.rows("segment_rules")},
    )
    built = [build_segment(given, segment, place) for place, segment in enumerate(segments)]
    pages = tuple(sorted(built, key=lambda segment: (-(segment.recoverable or 0.0), segment.segment_id)))
    ordered = {page.segment_id: page.name for page in pages}
    stages = maps.stages_of(map_rows)
    metrics = {str(row["metric_id"]): str(row["name"]) for row in marts.rows("metrics")}
    about = _about(marts, as_of, currency, is_sample=is_sample, notice=notice)
    matrix = tiles.mood_matrix(pages, map_rows, scheme)
    site = Site(
        about=about,
        headline=_headline(pages),
        made_from=copy.made_from(
            [words for table, words in KINDS if marts.manifest["tables"].get(table, {}).get("rows")]
        ),
        stations=_stations(marts, pages, map_rows),
        segments=pages,
        cards_title=_cards_title(len(pages), is_known=any(page.low_point for page in pages)),
        matrix=matrix,
        changes=_changes(given),
        pains=pains.pains_chart(map_rows, _known(marts, ordered, scheme), scheme),
        pain_tiles=pains.pain_tiles(map_rows, stages, ordered, currency, scheme),
        asked=voice.asked_chart(marts.rows(voice.GAPS), _questions(map_rows)),
        complaints=voice.complaints_chart(marts.rows(voice.TOPICS)),
        themes=voice.themes_chart(marts.rows(voice.THEMES)),
        satisfaction=_by_dimension(given),
        funnel_tiles=tiles.funnel_tiles(funnel, ordered, scheme),
        curves=curves.curves_of(pages),
        gaps=beside.gaps_chart(marts.rows(beside.GAPS)),
        niches=beside.niches_chart(marts.rows(beside.NICHES), given.words),
        efforts=effort.efforts(opportunities or [], currency, is_there=opportunities is not None),
        keepers=effort.keepers_chart(opportunities or [], ideas.STATUSES),
        offers=beside.offers_chart(marts.rows(beside.OFFERS), currency),
        opportunities=ideas.opportunities_chart(
            opportunities or [], ordered, currency, is_there=opportunities is not None
        ),
        ideas=tuple(ideas.details(opportunities or [], _evidence(marts), ordered, metrics, currency)),
        rooms=(),
        data=_data_page(marts, map_rows, scheme, ordered, as_of),
        figures=(),
    )
    site = replace(site, rooms=tour.rooms(site, tour.followed(funnel, map_rows)))
    return replace(site, figures=_figures(site))


def _known(marts: Marts, names: dict[str, str], scheme: str) -> pains.Known:
    """What is known of pains beside the rows of the maps."""
    return pains.Known(
        names,
        marts.reporting_currency(),
        pains.trends_of(marts.rows("pain_points", scheme_id=scheme)),
        pain_history.histories(marts.rows(pain_history.TABLE)),
        pains.mended_by(marts.rows(ideas.TABLE), _evidence(marts)),
    )


def _questions(map_rows: Sequence[Row]) -> dict[str, str]:
    """Topics as the maps let people ask."""
    return {str(row["item"]): f"“{row['text']}”" for row in map_rows if row["lane"] == "questions" and row["text"]}


def _evidence(marts: Marts) -> list[Row]:
    return marts.rows(ideas.EVIDENCE) if marts.has(ideas.TABLE) else []


def _scheme(marts: Marts, map_rows: Sequence[Row]) -> str:
    """The scheme maps are drawn for; else the one called the key; else a constant."""
    drawn = sorted({row["scheme_id"] for row in map_rows} - {"company"})
    if drawn:
        return str(drawn[0])
    keys = [row["scheme_id"] for row in marts.rows("segment_schemes") if row.get("is_key_scheme")]
    return str(keys[0]) if keys else WITHOUT_A_MAP


def _rules(marts: Marts, scheme: str) -> dict[str, str]:
    """How each segment is told apart, in words: the scheme's own, else the reasons members were given."""
    found: dict[str, str] = {}
    for row in marts.rows("segment_rules", scheme_id=scheme):
        if row["segment_id"] is not None:
            rule = f"{row['words']} ({row['condition']})" if row["condition"] else str(row["words"])
            said = found.get(str(row["segment_id"]))
            found[str(row["segment_id"])] = f"{said}; or {rule}" if said else rule
    if found:
        return found
    if not marts.has("segment_membership"):
        return {}
    reasons = marts.con.execute(
        "select segment_id, min(reason) from segment_membership where scheme_id = ? group by 1 order by 1", [scheme]
    ).fetchall()
    return {str(segment): str(reason or "") for segment, reason in reasons}


def _about(marts: Marts, as_of: date, currency: str, *, is_sample: bool, notice: str) -> About:
    checks = marts.manifest["checks"]
    total = sum(checks.values())
    warned = f", {fmt.count(checks['warned'])} to look at" if checks.get("warned") else ""
    return About(
        as_of=as_of,
        published_at=str(marts.manifest["published_at"]),
        run_id=str(marts.manifest["run_id"]),
        version=str(marts.manifest["version"]),
        revision=str(marts.manifest.get("git_revision") or ""),
        currency=currency,
        min_cell=int(marts.manifest["min_cell"]),
        checks_words=f"{fmt.count(checks['passed'])} of {fmt.count(total)} checks passed{warned}",
        checks_failed=bool(checks.get("failed")),
        is_sample=is_sample,
        systems=tuple(marts.manifest["systems"]),
        notice=notice,
    )


def _headline(segments: Sequence[Segment]) -> tuple[str, str]:
    if not segments:
        return ("No segments yet.", "They appear after the first full refresh.")
    people = sum(segment.customers or 0 for segment in segments)
    return (f"{fmt.count(people)} customers,", f"{fmt.in_words(len(segments))} ways of shopping")


def _cards_title(number: int, *, is_known: bool) -> str:
    if not number:
        return "No segments yet"
    return f"The {fmt.in_words(number)} groups{', and where each one gets stuck' if is_known else ''}"


def _stations(marts: Marts, segments: Sequence[Segment], map_rows: Sequence[Row]) -> tuple[Station, ...]:
    """The process in five numbers."""
    sources = marts.manifest["sources"]
    records = sum(int(source["rows_landed"]) for source in sources.values())
    rows = {name: int(table["rows"]) for name, table in marts.manifest["tables"].items()}
    barriers = len({row["item"] for row in map_rows if row["lane"] == "barriers" and not row["suppressed"]})
    planned = len(marts.rows("opportunities"))
    act = (
        (fmt.count(planned), "opportunities, each with an owner")
        if planned
        else (fmt.count(barriers), "barriers found")
    )
    found = (
        (
            "gather",
            "Gather",
            f"{fmt.count(records)} records",
            f"from {fmt.in_words(len(sources))} {'system' if len(sources) == 1 else 'systems'}",
        ),
        ("recognise", "Recognise", f"{fmt.count(rows.get('dim_customers'))} people", "one record each, named or not"),
        ("group", "Group", f"{fmt.in_words(len(segments))} groups", "nobody in two"),
        ("follow", "Follow", _followed(rows), _answers(rows)),
        ("act", "Act", f"{act[0]} {act[1].split(',')[0]}", _costed(planned or barriers)),
    )
    return tuple(
        Station(name, number[:1].upper() + number[1:], words, spark.station(kind, len(segments)), f"room-{room}")
        for room, (kind, name, number, words) in zip(tour.ROOMS_OF_STATIONS, found, strict=True)
    )


def _costed(found: int) -> str:
    return "costed where the margin allows" if found else "nothing could be costed"


def _followed(rows: dict[str, int]) -> str:
    """Visits, or the events of a company whose visits nobody sees."""
    if rows.get("sessions"):
        return f"{fmt.count(rows['sessions'])} visits"
    return f"{fmt.count(rows.get('customer_events'))} events"


def _answers(rows: dict[str, int]) -> str:
    return (
        f"and {fmt.count(rows['survey_answers'])} survey answers"
        if rows.get("survey_answers")
        else "of customers, in one log"
    )


def _changes(given: Tables) -> tuple[str, ...]:
    """Real changes of satisfaction since the quarter before, of the segments and the company's dimensions."""
    period = moves.last_period(given.deltas)
    if not given.scores:
        return (copy.NOT_MEASURED,)
    moved = [
        (
            given.names.get(move.group, move.group),
            "Satisfaction",
            move.change,
            move.change_lo,
            move.change_hi,
            move.explained_by,
        )
        for dimension in (given.scheme, *DIMENSIONS)
        for move in moves.moves_of(given.scores, given.deltas, dimension, period)
        if move.state in ("up", "down")
        and move.change is not None
        and move.change_lo is not None
        and move.change_hi is not None
    ]
    return copy.changes(moved)


def _by_dimension(given: Tables) -> RowChart:
    period = moves.last_period(given.deltas)
    found = [move for name in DIMENSIONS for move in moves.moves_of(given.scores, given.deltas, name, period)]
    company = moves.moves_of(given.scores, given.deltas, "company", period)
    return moves.moves_chart(
        found,
        {},
        figure_id="satisfaction-by-dimension",
        period=period,
        average=company[0].now if company else None,
        groups=moves.DIMENSION_NAMES,
    )


def _data_page(marts: Marts, map_rows: Sequence[Row], scheme: str, names: dict[str, str], as_of: date) -> DataPage:
    findings: list[Finding] = []
    for segment, name in names.items():
        own = [row for row in map_rows if row["scheme_id"] == scheme and row["segment_id"] == segment]
        findings += lint.lint_map(name, own, as_of)
    checks = marts.rows("data_quality")
    layers: dict[str, list[Row]] = {}
    for check in checks:
        layers.setdefault(str(check["layer"]), []).append(check)
    for table in EXPECTED:
        if not marts.has(table):
            marts.missing.add(table)
    return DataPage(
        sources=tuple({"system": system, **about} for system, about in sorted(marts.manifest["sources"].items())),
        checks=tuple(
            {
                "layer": layer,
                "passed": sum(check["status"] == "passed" for check in own),
                "total": len(own),
                "tables": len({check["table_name"] for check in own}),
            }
            for layer, own in sorted(layers.items())
        ),
        warned=tuple(check for check in checks if check["status"] != "passed"),
        metrics=tuple(marts.rows("metrics")),
        tables=tuple({"name": name, **about} for name, about in sorted(marts.manifest["tables"].items())),
        findings=tuple(findings),
        lacking=_lacking(findings),
        missing=tuple((table, EXPECTED.get(table, table)) for table in sorted(marts.missing)),
        checked=Counter(str(check["table_name"]) for check in checks),
    )


def _lacking(findings: Sequence[Finding]) -> tuple[tuple[str, str], ...]:
    """What is lacking, and the names of the maps that lack it, in the order of the linter."""
    by_words: dict[str, list[str]] = {}
    for finding in findings:
        by_words.setdefault(finding.words, []).append(finding.segment)
    return tuple((words, ", ".join(maps)) for words, maps in by_words.items())


def _figures(site: Site) -> tuple[Figure, ...]:
    """Every figure once, for the files behind them."""
    wholes: tuple[Site | Segment, ...] = (site, *site.segments)
    return tuple(part.figure for whole in wholes for part in parts_of(whole).values())
