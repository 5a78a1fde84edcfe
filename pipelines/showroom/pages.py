"""Pages from the site model: the templates, their policy, and the files behind the figures.

Belongs here: turning the model into bytes by path. Stays out: arithmetic, and writing files (``build.py``).

Templates only format. Text is escaped; what a chart made is markup already. Every page carries a policy that allows its
own style sheet, fonts and one small script and nothing else: it asks no network for anything, and no text can run.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.showroom import copy, dbt_docs, lineage
from pipelines.showroom import format as fmt
from pipelines.showroom.charts.mood import place_of
from pipelines.showroom.maps import LANE_NAMES, NOTHING_KNOWN
from pipelines.showroom.model import Figure, Site, parts_of
from pipelines.showroom.site import READS

HERE = Path(__file__).parent
TEMPLATES, STATIC = HERE / "templates", HERE / "static"
POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; script-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
PAGES = (
    ("index.html", "Home"),
    ("tour.html", "Tour"),
    ("index.html#groups", "Groups"),
    ("compare.html", "Compare"),
    ("pains.html", "Pain points"),
    ("opportunities.html", "Opportunities"),
    ("data.html", "Data and method"),
)
PAGE_NAMES = {
    "home": "Home",
    "tour": "Tour",
    "segments": "Groups",
    "compare": "Compare",
    "pains": "Pain points",
    "opportunities": "Opportunities",
    "data": "Data and method",
}
"""Names of the pages as ``READS`` calls them."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")


MOST_PAIRED = 8
"""Groups the style sheet can show two of; it has a rule for each."""


@dataclass(frozen=True)
class Pair:
    """Two groups of the page that compares; their anchor shows these two alone, without a script."""

    anchor: str
    places: tuple[int, int]
    names: tuple[str, str]


def pairs_of(site: Site) -> tuple[Pair, ...]:
    """Every two groups, in the order of the cards; none where two are all there are, or more than can be shown."""
    if not 2 < len(site.segments) <= MOST_PAIRED:
        return ()
    return tuple(
        Pair(f"{one.segment_id}+{other.segment_id}", (place, further), (one.name, other.name))
        for (place, one), (further, other) in combinations(enumerate(site.segments), 2)
    )


def render(site: Site) -> dict[str, bytes]:
    """Every file of the site by its path."""
    site = _with_definitions(site)
    pairs = pairs_of(site)
    environment = _environment(site)
    environment.globals["pairs"] = pairs
    files: dict[str, bytes] = {}
    for template in ("index", "tour", "compare", "pains", "opportunities", "data"):
        files[f"{template}.html"] = _page(environment, template, root="", here=f"{template}.html")
    for place, segment in enumerate(site.segments):
        before = site.segments[place - 1] if place else None
        after = site.segments[place + 1] if place + 1 < len(site.segments) else None
        files[f"segments/{segment.segment_id}.html"] = _page(
            environment,
            "segment",
            root="../",
            here="index.html#groups",
            segment=segment,
            beside=[(pair.anchor, pair.names[pair.places[0] == place]) for pair in pairs if place in pair.places],
            place=place + 1,
            before=before,
            after=after,
        )
    for figure in site.figures:
        stamp = {"as_of": site.about.as_of, "run_id": site.about.run_id}
        files[figure.csv] = to_csv([{**row, **stamp} for row in figure.rows])
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            is_style = path.suffix == ".css"
            files[f"assets/{path.relative_to(STATIC).as_posix()}"] = lean(content) if is_style else content
    files["site.json"] = _summary(site)
    return files


def lean(style: bytes) -> bytes:
    """A style sheet without what only its editors read: comments, line ends, spaces beside marks."""
    text = re.sub(r"/\*.*?\*/", "", style.decode("utf-8"), flags=re.DOTALL)
    text = re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", text)).replace(": ", ":").replace(";}", "}")
    return text.replace("}", "}\n").strip().encode("utf-8") + b"\n"


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows as CSV; text that a spreadsheet would run as a formula gets an apostrophe before it."""
    out = io.StringIO()
    names = list(rows[0]) if rows else []
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(row.get(name)) for name in names})
    return out.getvalue().encode("utf-8")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return str(value)


def _page(environment: Environment, template: str, **values: Any) -> bytes:
    return environment.get_template(f"{template}.html.j2").render(**values).encode("utf-8")


def _environment(site: Site) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(
        site=site, about=site.about, policy=POLICY, pages=PAGES, fmt=fmt, lane_names=LANE_NAMES, place_of=place_of
    )
    environment.globals["nothing_known"] = NOTHING_KNOWN
    environment.globals["known_tables"] = {table["name"] for table in site.data.tables}
    environment.globals["known_metrics"] = {metric["metric_id"]: metric for metric in site.data.metrics}
    environment.globals["sql_file"] = lambda model: f"../{lineage.FOLDER}/{model}{lineage.SUFFIX}"
    environment.globals["ways"] = [
        (
            name,
            READS[page],
            copy.lineage([site.data.lineage[table] for table in READS[page] if table in site.data.lineage]),
        )
        for page, name in PAGE_NAMES.items()
    ]
    environment.globals["docs_page"] = f"../{dbt_docs.PAGE}" if site.data.with_docs else ""
    environment.globals["hues_of"] = {segment.segment_id: segment.hue for segment in site.segments}
    return environment


def _with_definitions(site: Site) -> Site:
    """Give each figure the names of its metrics and the results of the checks on its tables."""
    names = {row["metric_id"]: row["name"] for row in site.data.metrics}
    warned: dict[str, int] = {}
    for check in site.data.warned:
        warned[check["table_name"]] = warned.get(check["table_name"], 0) + 1

    def told(figure: Figure) -> Figure:
        how = figure.how
        metrics = tuple((metric, names.get(metric, "")) for metric, _ in how.metrics if metric in names)
        worried = [f"{table} ({warned[table]})" for table in how.tables if table in warned]
        made = [site.data.lineage[table] for table in how.tables if table in site.data.lineage]
        models = sorted({model for table in made for model in table.models} & site.data.with_sql)
        return replace(
            figure,
            how=replace(
                how,
                checks=copy.checks(sum(site.data.checked.get(table, 0) for table in how.tables), worried),
                metrics=metrics,
                sql=how.sql or _sql(figure),
                lineage=copy.lineage(made),
                models=tuple(models),
            ),
        )

    def all_told(whole: Any) -> dict[str, Any]:
        return {name: replace(part, figure=told(part.figure)) for name, part in parts_of(whole).items()}

    segments = tuple(replace(segment, **all_told(segment)) for segment in site.segments)
    return replace(site, segments=segments, figures=tuple(map(told, site.figures)), **all_told(site))


def _sql(figure: Figure) -> str:
    """The rows of the first table behind a figure, by the keys all its rows share."""
    keys = ("scheme_id", "segment_id", "breakdown", "group_id", "funnel_id", "dimension", "period")
    same = {
        name: figure.rows[0][name]
        for name in keys
        if figure.rows and name in figure.rows[0] and len({row.get(name) for row in figure.rows}) == 1
    }
    where = " and ".join(f"{name} = '{value}'" for name, value in same.items() if isinstance(value, str))
    return f"select * from {figure.how.tables[0]}" + (f"\nwhere {where}" if where else "")


def _summary(site: Site) -> bytes:
    """What the site says, for programs: titles and where their rows are."""
    about = site.about
    content = {
        "version": about.version,
        "run_id": about.run_id,
        "as_of": about.as_of.isoformat(),
        "segments": [
            {
                "segment_id": segment.segment_id,
                "name": segment.name,
                "customers": segment.customers,
                "page": f"segments/{segment.segment_id}.html",
            }
            for segment in site.segments
        ],
        "figures": [{"id": figure.figure_id, "title": figure.title, "rows": figure.csv} for figure in site.figures],
        "map_findings": [{"map": finding.segment, "words": finding.words} for finding in site.data.findings],
        "missing_tables": [table for table, _ in site.data.missing],
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
