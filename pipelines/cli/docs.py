"""`journeyline docs`: write docs/data_dictionary.md from the definitions.

Belongs here: turning declared tables and columns into Markdown. Stays out: any word about a table that is not in its
own definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.console import err, fail
from pipelines.cli.exit_codes import ExitCode
from pipelines.files import read_yaml

HELP = """Write docs/data_dictionary.md from the contracts, the dbt YAML and the declared analytics tables.

Example: journeyline docs --check"""

LAYERS = {
    "published": "What analysts open. Names, grains and ids change only with an entry in the changelog.",
    "analytics": "Statistics, one module a table family.",
    "core": "Facts and dimensions keyed by `customer_id`.",
    "journey": "Sessions, carts and the aggregates of the event log.",
    "feedback": "Tickets, reviews, surveys.",
    "identity": "Which records are one person.",
    "entities": "One canonical shape per entity, over all enabled systems.",
    "staging": "One model per system and entity: cast, renamed, deduplicated.",
    "seeds": "Small reference tables kept in the project.",
    "raw": "What lands, system by system; columns are binding, further ones are kept and reported.",
}

HEAD = """# Data dictionary

Written by `journeyline docs` (`make docs`) from the landing contracts, the dbt YAML, the declared analytics tables and
the publishing contract; a test says when it is out of date. Personal data is tagged direct, quasi or text.
"""


@dataclass(frozen=True)
class Column:
    name: str
    data_type: str
    description: str
    pii: str


@dataclass(frozen=True)
class Entry:
    """One table of the dictionary."""

    layer: str
    name: str
    description: str
    columns: tuple[Column, ...]


def command(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where the file is out of date.")] = False,
) -> None:
    from pipelines.settings import PROJECT_ROOT

    path = PROJECT_ROOT / "docs" / "data_dictionary.md"
    text = render(PROJECT_ROOT)
    if check:
        if not path.exists() or path.read_text() != text:
            fail("docs/data_dictionary.md is out of date; run: make docs", ExitCode.FAILED)
        return
    path.write_text(text)
    err().print(f"wrote {path}")


def render(root: Path) -> str:
    """The whole dictionary as Markdown; the same definitions give the same text."""
    entries = [*_published(root), *_analytics(), *_dbt(root), *_raw(root)]
    unknown = sorted({entry.layer for entry in entries} - set(LAYERS))
    if unknown:
        raise ValueError(f"no words for the layers {', '.join(unknown)}; add them to pipelines/cli/docs.py")
    parts = [HEAD]
    for layer, words in LAYERS.items():
        own = sorted((entry for entry in entries if entry.layer == layer), key=lambda entry: entry.name)
        if own:
            parts.append(f"\n## {layer}\n\n{words}\n")
            parts += [_section(entry) for entry in own]
    return "".join(parts)


def _section(entry: Entry) -> str:
    lines = ["", f"### {entry.layer}.{entry.name}", "", entry.description, ""]
    with_pii = any(column.pii for column in entry.columns)
    lines += _table(("column", "type", "personal", "description") if with_pii else ("column", "type", "description"))
    for column in entry.columns:
        cells = [f"`{column.name}`", column.data_type, *([column.pii] if with_pii else []), column.description]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _table(heads: Sequence[str]) -> list[str]:
    return ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]


def _published(root: Path) -> Iterator[Entry]:
    from pipelines.publish.contract import load_contract

    for table in load_contract(root / "dbt_project" / "models").tables:
        columns = tuple(Column(c.name, "pseudonym" if c.purpose else "", c.description, "") for c in table.columns)
        yield Entry("published", table.name, table.grain, columns)


def _analytics() -> Iterator[Entry]:
    from pipelines.analytics.tables import TABLES

    for table in TABLES.values():
        columns = tuple(Column(c.name, str(c.dtype), c.description, "") for c in table.columns)
        yield Entry("analytics", table.name, table.grain, columns)


def _dbt(root: Path) -> Iterator[Entry]:
    """Models and seeds, by the YAML beside them: the folder says the layer."""

    for path in sorted((root / "dbt_project").glob("*/**/*.yml")):
        document: dict[str, Any] = read_yaml(path.read_text()) or {}
        for model in document.get("models", []):
            yield _dbt_entry(_layer(path), model)
        for seed in document.get("seeds", []):
            yield _dbt_entry("seeds", seed)
        for source in document.get("sources", []):
            if source["schema"] == "identity":
                yield from (_dbt_entry("identity", table) for table in source["tables"])


def _layer(path: Path) -> str:
    known = [part for part in path.parts if part in LAYERS]
    return known[-1] if known else path.parent.name


def _dbt_entry(layer: str, node: dict[str, Any]) -> Entry:
    return Entry(
        layer, node["name"], _one_line(node.get("description", "")), tuple(_dbt_columns(node.get("columns", [])))
    )


def _dbt_columns(columns: Iterable[dict[str, Any]]) -> Iterator[Column]:
    for column in columns:
        meta = column.get("config", {}).get("meta", {})
        yield Column(
            column["name"], column.get("data_type", ""), _one_line(column.get("description", "")), meta.get("pii", "")
        )


def _raw(root: Path) -> Iterator[Entry]:
    from pipelines.contract import load_contracts
    from pipelines.settings import known_systems

    for contract in load_contracts(known_systems(root), root).values():
        for table in contract.tables:
            columns = tuple(Column(c.name, c.data_type, c.description, c.pii or "") for c in table.columns)
            files = ", ".join(f"`{pattern}`" for pattern in table.files)
            yield Entry("raw", table.relation_name, f"{table.description} Files: {files} ({table.format}).", columns)


def _one_line(text: str) -> str:
    return " ".join(text.split())
