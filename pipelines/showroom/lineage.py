"""Where each published table comes from: systems, dbt models by layer, what computed it, the SQL as it was run.

Belongs here: walking the parsed dbt project and the declared inputs of what Python computes, and keeping the result
beside a version, so that its site can be made again from the version alone. Stays out: how a page shows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FOLDER = "lineage"
CONTENT = "lineage.json"
SUFFIX = ".sql.txt"
"""Browsers show plain text and offer anything else for download."""

LAYERS = ("staging", "intermediate", "marts")


@dataclass(frozen=True)
class Made:
    """How one published table came about. ``models`` are those dbt ran last before it; ``by`` computed it from them."""

    source: str
    by: str
    systems: tuple[str, ...]
    staging: tuple[str, ...]
    intermediate: tuple[str, ...]
    marts: tuple[str, ...]
    models: tuple[str, ...]


@dataclass(frozen=True)
class Computed:
    """What Python computes: the function, and the ``schema.table`` it reads."""

    by: str
    inputs: tuple[str, ...]


def trace(
    published: Mapping[str, str], computed: Mapping[str, Computed], dbt: Mapping[str, Any], systems: Iterable[str]
) -> dict[str, Made]:
    """How each of ``published`` (name: source as ``schema.table``) came about.

    ``computed`` are the tables that are no dbt models, ``dbt`` the parsed project, ``systems`` those that are enabled.
    """
    walk = _Walk(computed, dbt, frozenset(systems))
    return {name: walk.made(source) for name, source in sorted(published.items())}


class _Walk:
    def __init__(self, computed: Mapping[str, Computed], dbt: Mapping[str, Any], systems: frozenset[str]) -> None:
        self._computed = computed
        self._systems = systems
        self._nodes = {**dbt["nodes"], **dbt["sources"]}
        self._by_relation = {
            _relation(node): unique_id
            for unique_id, node in self._nodes.items()
            if node["resource_type"] in ("model", "seed", "source")
        }

    def made(self, source: str) -> Made:
        seen: set[str] = set()
        self._upstream(source, seen)
        nodes = [self._nodes[unique_id] for unique_id in sorted(seen) if unique_id in self._nodes]
        models = [node for node in nodes if node["resource_type"] == "model"]
        by_layer = {layer: tuple(m["name"] for m in models if m["path"].startswith(f"{layer}/")) for layer in LAYERS}
        feeding = {node["source_name"] for node in nodes if node["resource_type"] == "source"} & self._systems
        own = self._computed.get(source)
        return Made(
            source=source,
            by=own.by if own is not None else "",
            systems=tuple(sorted(feeding)),
            models=tuple(sorted(self._nearest(source, set()))),
            **by_layer,
        )

    def _parents(self, name: str) -> Sequence[str]:
        """What a table or node is made from: relations Python reads, or nodes dbt depends on."""
        unique_id = self._by_relation.get(name, name)
        node = self._nodes.get(unique_id)
        relation = name if node is None else _relation(node)
        if relation in self._computed:
            return self._computed[relation].inputs
        found: Sequence[str] = () if node is None else node.get("depends_on", {}).get("nodes", ())
        return found

    def _upstream(self, name: str, seen: set[str]) -> None:
        unique_id = self._by_relation.get(name, name)
        if unique_id in seen:
            return
        seen.add(unique_id)
        for parent in self._parents(name):
            self._upstream(parent, seen)

    def _nearest(self, name: str, seen: set[str]) -> set[str]:
        """The dbt models read last on the way to a table: itself where it is one."""
        unique_id = self._by_relation.get(name, name)
        if unique_id in seen:
            return set()
        seen.add(unique_id)
        node = self._nodes.get(unique_id)
        if node is not None and node["resource_type"] == "model":
            return {str(node["name"])}
        return {model for parent in self._parents(name) for model in self._nearest(parent, seen)}


def _relation(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node.get('identifier') or node.get('alias') or node['name']}"


def write(version: Path, made: Mapping[str, Made], compiled: Path) -> None:
    """Keep the lineage beside a version, with the SQL of its models as dbt compiled it for this run.

    ``compiled`` is dbt's folder of compiled models; one that dbt did not run is left out.
    """
    folder = version / FOLDER
    folder.mkdir(exist_ok=True)
    wanted = {model for table in made.values() for model in table.models}
    for path in sorted(compiled.rglob("*.sql")) if compiled.is_dir() else []:
        # dbt keeps the SQL of a model's tests in a folder named after its YAML file.
        if path.stem in wanted and path.parent.suffix != ".yml":
            (folder / f"{path.stem}{SUFFIX}").write_text(path.read_text("utf-8").strip() + "\n", "utf-8")
    content = {name: asdict(table) for name, table in made.items()}
    (folder / CONTENT).write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def read(version: Path) -> dict[str, Made]:
    """The lineage kept beside a version; a version without it has none."""
    path = version / FOLDER / CONTENT
    if not path.is_file():
        return {}
    content: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))
    lists = ("systems", *LAYERS, "models")
    return {
        name: Made(source=table["source"], by=table["by"], **{key: tuple(table[key]) for key in lists})
        for name, table in content.items()
    }


def has_sql(version: Path) -> frozenset[str]:
    """Models whose compiled SQL lies beside the version."""
    return frozenset(path.name.removesuffix(SUFFIX) for path in (version / FOLDER).glob(f"*{SUFFIX}"))
