"""Published versions made up for the showroom: as many segments and stages as a test wants, with what it wants missing.

Belongs here: rows that look like a publication's. Stays out: what the site makes of them, and browsers.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.analytics.tables import TABLES
from pipelines.showroom import lineage
from pipelines.showroom.maps import ENTERED_BY

AS_OF = date(2026, 10, 31)
STAMP = {"as_of": AS_OF, "run_id": "11111111-2222-3333-4444-555555555555"}
SCHEME = "lifecycle"
STAGES = ("discover", "research", "cart", "buy", "receive", "help", "return", "advise")
STEPS = ("view_item", *ENTERED_BY, "add_shipping_info", "add_payment_info", "purchase")
STATUSES = ("in_test", "ready", "planned", "idea", "done", "dropped")
LANES = ("actions", "touchpoints", "expectations", "questions", "backstage")

MADE = lineage.Made(
    source="analytics.journey_map",
    by="pipelines.analytics.maps.builds",
    systems=("shopify",),
    staging=("stg_shopify__orders",),
    intermediate=(),
    marts=("agg_customer_map_steps",),
    models=("agg_customer_map_steps", "fct_answer_stages"),
)

Rows = list[dict[str, Any]]


def make_version(
    folder: Path,
    *,
    segments: int = 5,
    stages: int = 7,
    name: str = "Group",
    missing: Collection[str] = (),
    is_asked: bool = True,
) -> Path:
    """A version's folder: the published file without the ``missing`` tables, the manifest and the quality page.

    Where nobody was asked anything, every table is there and no row of it comes from a survey, a review or a store.
    """
    ids = [f"segment_{place}" for place in range(segments)]
    columns = [(place, stage, stage.title()) for place, stage in enumerate(STAGES[:stages], start=1)]
    tables: dict[str, Rows] = {
        "journey_map": [row for place, segment in enumerate(ids) for row in _map(place, segment, name, columns)],
        "segment_profiles": [row for place, segment in enumerate(ids) for row in _profile(place, segment)],
        "cart_abandonment_causes": [row for place, segment in enumerate(ids) for row in _causes(place, segment)],
        "funnel_steps": [row for place, segment in enumerate(["all", *ids]) for row in _funnel(place, segment)],
        "path_transitions": [row for segment in ids for row in _paths(segment)],
        "satisfaction_scores": [row for place, segment in enumerate(ids) for row in _scores(place, segment)],
        "satisfaction_deltas": [row for place, segment in enumerate(ids) for row in _deltas(place, segment)],
        "satisfaction_drivers": [row for place, segment in enumerate(ids) for row in _drivers(place, segment)],
        "personas": [row for segment in ids for row in _persona(segment, name)],
        "customer_gaps": _beside(),
        "niches": _niches(),
        "offer_results": _offers(name),
        "information_gaps": _gaps(),
        "feedback_topics": _topics(),
        "feedback_themes": _themes(name),
        "pain_points": [],
        "pain_quarters": [],
        "segment_rules": [],
        "opportunities": [_opportunity(place, name, ids[0]) for place in range(len(STATUSES))],
        "opportunity_evidence": _evidence(ids[0]),
        "metrics": [
            {"metric_id": metric, "name": f"Mood {name}", "definition": name, "formula": "x", "unit": "mood"}
            | {"owner": "crm", "source": "journey_map", **STAMP}
            for metric in ("stage_mood", "share", "cart_abandonment_rate")
        ],
    }
    if not is_asked:
        tables |= {"satisfaction_scores": [], "satisfaction_deltas": [], "satisfaction_drivers": []}
        tables["journey_map"] = [row for row in tables["journey_map"] if row["source_kind"] == "measured"]
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / "marts.duckdb")) as con:
        for table, rows in tables.items():
            if table not in missing:
                frame = pl.DataFrame(rows, schema=TABLES[table].schema if table in TABLES else None)
                con.register("rows", frame.to_arrow())
                con.execute(f"create table {table} as select * from rows")
        con.execute("create table data_quality (layer varchar, table_name varchar, status varchar, why varchar)")
        con.execute("insert into data_quality values ('core', 'orders', 'passed', 'Every order has a person.')")
    (folder / "quality").mkdir()
    (folder / "quality" / "index.html").write_text("<h1>Checks</h1>")
    manifest = {
        "version": "20261101T000000000Z-11111111",
        "published_at": "2026-11-01T03:12:00+00:00",
        "as_of": AS_OF.isoformat(),
        "run_id": STAMP["run_id"],
        "min_cell": 11,
        "git_revision": None,
        "systems": ["shopify"],
        "sources": {
            "shopify": {"tables": 1, "batches": 1, "rows_landed": 1000, "rows_quarantined": 0}
            | {"first_event_at": "2024-11-01T00:00:00", "last_event_at": None}
        },
        "checks": {"passed": 1, "warned": 0, "failed": 0},
        "tables": {
            table: {"rows": 900, "grain": name, "file": "marts.duckdb", "bytes": 5}
            for table in ("dim_customers", *tables)
            if table not in missing
        },
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    lineage.write(folder, {"journey_map": MADE}, _compiled(folder.parent / "compiled", "agg_customer_map_steps"))
    return folder


def _compiled(folder: Path, model: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{model}.sql").write_text("select '<b>' as words")
    return folder


def _filled(table: str, **values: Any) -> dict[str, Any]:
    return dict.fromkeys(TABLES[table].schema) | STAMP | values


def _map(place: int, segment: str, name: str, columns: list[tuple[int, str, str]]) -> Rows:
    base = {"scheme_id": SCHEME, "segment_id": segment, "suppressed": False, "basis": "people", "evidence": "events"}

    def line(lane: str, kind: str, item: str, **values: Any) -> dict[str, Any]:
        return _filled("journey_map", **base, lane=lane, source_kind=kind, item=item, **values)

    rows = [
        line("header", "judgement", item, stage="all", stage_name="The whole map", stage_order=0, item_order=1)
        | {"text": f"{name} {segment}" if item == "actor" else f"{item} of {name}", "owner": "crm"}
        for item in ("actor", "scenario", "goal", "owner")
    ]
    for order, stage, title in columns:
        where = {"stage": stage, "stage_name": title, "stage_order": order}
        estimate = {"value": 0.4, "lo": 0.35, "hi": 0.45, "n": 400, "unit": "share", "item_order": 1}
        rows.append(line("people", "measured", "people", **where, **estimate, text="people"))
        low = -0.9 if (stage, place) == ("buy", 0) else 0.6
        answers = {"value": low, "lo": low - 0.2, "hi": low + 0.2, "unit": "mood", "item_order": 1}
        rows.append(line("emotions", "survey", "mood", **where, **answers, n=(400, 40, 20)[order % 3 if place else 0]))
        rows.append(line("emotions", "judgement", "feels", **where, text=f"{name} hopes", owner="crm", item_order=1))
        rows += [line(lane, "measured", "first", **where, **estimate, text=f"{name} {lane}") for lane in LANES]
        ends = (("", 0), ("_lo", -900), ("_hi", 900))
        money = {f"recoverable_revenue_year{end}": 1000.0 * order + by for end, by in ends}
        rows.append(line("barriers", "measured", "cart:error", **where, **estimate, **money, text=f"{name} error"))
        rows.append(line("barriers", "measured", "x:y", **where, item_order=None) | {"suppressed": True})
    return rows


def _persona(segment: str, name: str) -> Rows:
    """A line of each kind: one that is set apart, one of few, one that is inferred, one the team believes."""

    def line(section: str, item: str, kind: str, verdict: str, **values: Any) -> dict[str, Any]:
        base = {"scheme_id": SCHEME, "segment_id": segment, "section": section, "item": item, "source_kind": kind}
        return _filled("personas", **base, verdict=verdict, suppressed=verdict == "suppressed", **values)

    share = {"unit": "share", "value": 0.5, "lo": 0.4, "hi": 0.6, "n": 135, "everybody": 0.3, "basis": name}
    score = {"unit": "standard deviations", "value": 0.4, "lo": 0.3, "hi": 0.5, "n": 135}
    return [
        line("who", "life_stage:family", "measured", "higher", **share, p_adj=0.001),
        line("who", "region:North", "measured", "suppressed"),
        line("behaviour", "store_share", "measured", "no_evidence", **(share | {"unit": "share of orders"})),
        line("needs", "stated_price", "measured", "by_rule", **score),
        line("needs", "observed_quality", "inferred", "higher", **score, p_adj=0.001),
        line("pains", "returns_refund", "inferred", "no_evidence", **share),
        line("job", "social", "judgement", "judgement", text=f"{name} boast", owner="crm", review_by=AS_OF),
    ]


def _beside() -> Rows:
    """A difference beyond chance, one within it, one of few."""
    base = {"dimension": "company", "group_id": "all", "basis": "answers"}
    score = {"value": -3.8, "lo": -5.3, "hi": -2.3, "n": 358, "non_customers": 72.5, "customers": 76.3}
    size = {"effect_size": -0.3, "effect_size_lo": -0.4, "effect_size_hi": -0.2, "suppressed": False}
    return [
        _filled("customer_gaps", **base, item="acsi_style_index", verdict="lower", **score, **size),
        _filled("customer_gaps", **base, item="ces", verdict="no_evidence", **score, **size),
        _filled("customer_gaps", **base, item="nps", verdict="suppressed", suppressed=True),
    ]


def _niches() -> Rows:
    base = {"scheme_id": "region__life_stage", "segment_id": "North__family", "basis": "people"}
    rate = {
        "value": 1.8,
        "lo": 1.3,
        "hi": 2.4,
        "n": 83,
        "n_with_trait": 25,
        "rate": 0.3,
        "rate_lo": 0.2,
        "rate_hi": 0.4,
    }
    return [
        _filled("niches", **base, trait="service", verdict="niche", p_adj=0.01, suppressed=False, **rate),
        _filled("niches", **base, trait="price", verdict="no_niche", p_adj=0.6, suppressed=False, **rate),
        _filled("niches", **base, trait="design", verdict="suppressed", suppressed=True),
    ]


def _offers(name: str) -> Rows:
    """One that is over and brought buyers, one that has not begun."""
    share = {"value": 0.4, "lo": 0.35, "hi": 0.45, "n": 400, "suppressed": False}
    uplift = {"value": 0.05, "lo": 0.01, "hi": 0.09, "n": 400, "suppressed": False, "verdict": "more"}
    rows = [
        ("over", "offer_status_share", "offered", share),
        ("over", "offer_status_share", "holdout", share | {"n": 90}),
        ("over", "offer_buyers_uplift", "all", uplift),
        (
            "over",
            "offer_revenue_uplift",
            "all",
            uplift | {"value": -2.0, "lo": -5.0, "hi": 1.0, "verdict": "no_evidence"},
        ),
        ("soon", "offer_status_share", "offered", {"suppressed": True, "verdict": "suppressed"}),
        ("soon", "offer_buyers_uplift", "all", {"suppressed": False, "verdict": "not_started"}),
    ]
    return [
        _filled("offer_results", offer_id=offer, name=f"{name} {offer}", owner="crm", starts_on=AS_OF, measure=measure)
        | {"group_id": group, **values}
        for offer, measure, group, values in rows
    ]


def _gaps() -> Rows:
    """One that several sources ask for and that keeps coming, one of too few, a search without a hit."""
    base = {"breakdown": "company", "group_id": "all", "basis": "texts"}
    share = {"value": 0.1, "lo": 0.08, "hi": 0.12, "n": 100, "n_base": 1000, "suppressed": False}
    few = {"suppressed": True, "evidence_grade": "none"}
    last = {"period": "2026Q3", "quarters_running": 4, "is_recurring": True}
    return [
        _filled("information_gaps", **base, source=source, subject=subject, **values)
        for source, subject, values in (
            ("tickets", "first", share | {"period": "all", "evidence_grade": "triangulated"}),
            ("tickets", "first", share | last),
            ("reviews", "stock", few | {"period": "all"}),
            ("searches", "=cmd", share | {"period": "all", "evidence_grade": "single", "value": 0.05}),
        )
    ]


def _topics() -> Rows:
    base = {"polarity": "negative", "breakdown": "company", "group_id": "all", "basis": "texts"}
    share = {"value": 0.1, "lo": 0.08, "hi": 0.12, "n": 100, "n_base": 1000, "suppressed": False}
    more = {"change": 0.03, "change_lo": 0.01, "change_hi": 0.05, "verdict": "more"}
    return [
        _filled("feedback_topics", **base, topic=topic, period=period, **values)
        for topic, period, values in (
            ("returns_refund", "all", share),
            ("returns_refund", "2026Q3", share | more | {"quarters_running": 4, "is_recurring": True}),
            ("stock", "all", share),
            ("stock", "2026Q3", {"suppressed": True, "verdict": "suppressed"}),
            ("price", "all", {"suppressed": True}),
        )
    ]


def _themes(name: str) -> Rows:
    share = {"value": 0.3, "lo": 0.2, "hi": 0.4, "n": 30, "n_base": 100, "suppressed": False}
    return [_filled("feedback_themes", language="de", theme="de-01", words=f"früher {name}", **share)]


def _drivers(place: int, segment: str) -> Rows:
    """The first segment's are told; the others have too few answers."""
    told = {"r_squared": 0.5, "n": 400, "is_separable": True, "status": "measured"}
    few = {"status": "insufficient_n", "n": 40}
    return [
        _filled("satisfaction_drivers", driver=driver, dimension=SCHEME, group_id=segment, suppressed=False)
        | (few if place else told | {"rank": rank, "rank_lo": rank, "rank_hi": rank, "quadrant": "keep_up"})
        | ({} if place else {"value": value, "lo": value - 0.1, "hi": value + 0.1})
        | ({} if place else {f"performance{end}": 70.0 + rank + by for end, by in (("", 0), ("_lo", -2), ("_hi", 2))})
        for rank, (driver, value) in enumerate({"quality": 0.6, "ease": 0.3, "expectation": 0.1}.items(), start=1)
    ]


def _opportunity(place: int, name: str, segment: str) -> dict[str, Any]:
    """One a status; those at odd places are not costed, and one is overdue."""
    value = None if place % 2 else 1000.0 * (place + 1)
    ends = {"lo": None if value is None else value / 2, "hi": None if value is None else value * 2}
    return {
        "opportunity_id": f"buy-idea_{place}",
        "stage": "buy",
        "stage_name": "Buy",
        "stage_order": 4,
        "title": f"Mend {name} {place}",
        "problem": f"{name} meet an error",
        "remedy": "Find the five most frequent",
        "segments_hit": f"{SCHEME}:{segment}" if place else None,
        "value": value,
        **ends,
        "n": 400,
        "basis": "carts",
        "suppressed": False,
        "sized_by": "cart_abandonment_causes:error" if value else None,
        "assumptions": "Half of them come back",
        "business_case": "pays_back" if value else "not_costed",
        "effort": "small",
        "evidence_grade": "single" if value else "none",
        "owner": "e-commerce",
        "status": STATUSES[place],
        "since": AS_OF if place else None,
        "review_by": date(2026, 10, 15),
        "is_overdue": place == 0,
        "note": None,
        "watched_pain": "error" if place else None,
        "check_verdict": "met_less" if STATUSES[place] == "done" else None,
        "check_before": 0.2,
        "check_after": 0.1,
        "check_difference_lo": -0.15,
        "check_difference_hi": -0.05,
        **STAMP,
    }


def _evidence(segment: str) -> Rows:
    return [
        {"opportunity_id": "buy-idea_0", "found_in": "pain_points", "finding": "cart:error", "segment_id": segment}
        | {"amount_year": 900.0, "verdict": verdict}
        for verdict in ("supports", "no_evidence")
    ]


def _profile(place: int, segment: str) -> Rows:
    measures = {
        "customers": 100.0 + place,
        "share": 0.2,
        "orders_per_customer": 1.0 + place,
        "cart_abandonment_rate": 0.6,
    }
    rows = []
    for scheme, group, factor in ((SCHEME, segment, 1.0), ("company", "all", 1.2)):
        if group == "all" and place:
            continue
        rows += [
            _filled("segment_profiles", scheme_id=scheme, segment_id=group, measure=measure, unit="x", basis="all")
            | {
                "value": value * factor,
                "lo": value * factor * 0.98,
                "hi": value * factor * 1.02,
                "n": 100,
                "suppressed": False,
            }
            for measure, value in measures.items()
        ]
    return rows


def _causes(place: int, segment: str) -> Rows:
    return [
        _filled("cart_abandonment_causes", scheme_id=SCHEME, segment_id=segment, cause=cause, suppressed=False)
        | {"primary_share": 0.2, "n_exposed": 100, "n_at_risk": 400, "verdict": "higher"}
        | {f"recoverable_revenue_year{end}": by for end, by in _money(place, cause)}
        for cause in ("error", "trust", "unknown")
    ]


def _money(place: int, cause: str) -> tuple[tuple[str, float | None], ...]:
    """One cause is costed, one is not clear of zero, and one is none."""
    if cause == "unknown":
        return ()
    return ("", 900.0), ("_lo", -100.0 if cause == "trust" else 500.0), ("_hi", 1500.0 + place)


def _funnel(place: int, segment: str) -> Rows:
    scheme = "company" if segment == "all" else SCHEME
    return [
        _filled("funnel_steps", funnel_id="purchase", breakdown=scheme, group_id=segment, step_order=order, step=step)
        | {"n_entered": 500, "n_reached": 500 - 80 * (order - 1), "overall_value": 1 - 0.16 * (order - 1)}
        | {"value": 0.8, "lo": 0.75, "hi": 0.85, "n": 400, "suppressed": step == "purchase" and place == 1}
        | {"vs_rest_value": -0.1, "vs_rest_lo": -0.15, "vs_rest_hi": -0.05, "p_adj": 0.01}
        for order, step in enumerate(STEPS, start=1)
    ]


def _paths(segment: str) -> Rows:
    ways = (("product_page", "cart"), ("cart", "checkout"), ("checkout", "order"))
    return [
        _filled("path_transitions", scheme_id=SCHEME, segment_id=segment, from_step=start, to_step=to, value=share)
        | {"direction": "forward", "suppressed": False, "n": 400}
        for start, end in ways
        for to, share in ((end, 0.4), (start, 0.2), ("END", 0.3), ("help_page", 0.1))
    ]


def _scores(place: int, segment: str) -> Rows:
    groups = [(SCHEME, segment)]
    groups += [("company", "all"), ("region", "North"), ("division", "Home")] if not place else []
    return [
        _filled("satisfaction_scores", metric_id="acsi_style_index", dimension=dimension, group_id=group, period=period)
        | {"value": 70.0 + place, "lo": 68.0 + place, "hi": 72.0 + place, "n": (400, 40, 20)[place % 3]}
        | {"basis": "survey3", "suppressed": False}
        for dimension, group in groups
        for period in ("2026Q2", "2026Q3")
    ]


def _deltas(place: int, segment: str) -> Rows:
    return [
        _filled(
            "satisfaction_deltas", metric_id="acsi_style_index", dimension=SCHEME, group_id=segment, period="2026Q3"
        )
        | {"previous_period": "2026Q2", "value": -6.0, "lo": -9.0, "hi": -3.0, "n": 400, "basis": "survey3"}
        | {"suppressed": False, "p_adj": 0.01 if not place else 0.5}
    ]
