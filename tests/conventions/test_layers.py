"""Data moves one way: the edges between layers, read from the dbt manifest and from the Python imports.

The allowed edges are those of docs/architecture.md. There is no list of exceptions, and there will be none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import PROJECT_ROOT, known_systems

MAY_READ = {
    "raw": set(),
    "seeds": set(),
    "staging": {"raw", "seeds", "staging"},
    "entities": {"raw", "seeds", "staging", "entities"},
    "identity": {"raw", "seeds", "entities", "identity"},
    "core": {"raw", "seeds", "entities", "identity", "core"},
}
"""Which layers a dbt layer may read. ``raw`` is the run's settings everywhere but in staging (tested apart)."""

CORE_FOLDERS = {"journey": "core", "feedback": "core"}

IMPORTS = {
    "settings": set(),
    "files": set(),
    "warehouse": {"settings"},
    "contract": {"settings", "files"},
    "funnels": {"settings", "files"},
    "segments": {"settings", "files", "analytics"},
    "ingest": {"settings", "files", "warehouse", "contract"},
    "identity": {"settings", "files", "warehouse"},
    "analytics": {"settings", "files"},
    "quality": {"settings", "files", "warehouse", "contract"},
    "publish": {"settings", "files", "warehouse", "quality", "analytics"},
    "showroom": {"settings", "files", "warehouse"},
    "synth": set(),
    "defs": {
        *("settings", "files", "warehouse", "contract", "funnels", "segments"),
        *("ingest", "identity", "analytics", "quality", "publish", "showroom"),
        "build",
    },
    "build": {"settings", "defs"},
    "definitions": {"build"},
    "cli": {
        *("settings", "files", "warehouse", "contract", "funnels", "segments"),
        *("ingest", "identity", "analytics", "quality", "publish", "showroom", "synth", "defs"),
    },
}
"""Which parts of ``pipelines`` a part may import. Analytics are pure: the caller brings the frames."""

DAGSTER_FILES = ("pipelines/build.py", "pipelines/definitions.py")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """The dbt project parsed with every known system switched on."""
    from pipelines.defs.dbt_runner import load_manifest  # noqa: PLC0415
    from tests.shared import settings_in  # noqa: PLC0415

    return load_manifest(settings_in(tmp_path_factory.mktemp("all"), sources=",".join(known_systems())))


def layer(node: Mapping[str, Any]) -> str:
    return CORE_FOLDERS.get(node["schema"], node["schema"])


def edges(manifest: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Every (model, what it reads)."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed"):
            for parent in node["depends_on"]["nodes"] if node["resource_type"] == "model" else []:
                yield node, nodes[parent]


def test_models_read_only_the_layers_before_them(manifest: Mapping[str, Any]) -> None:
    checked = list(edges(manifest))
    assert len(checked) > 100
    wrong = [
        f"{layer(node)}.{node['name']} reads {layer(parent)}.{parent['name']}"
        for node, parent in checked
        if layer(parent) not in MAY_READ[layer(node)]
    ]
    assert wrong == []


def test_only_staging_reads_exports_and_only_its_own_system_s(manifest: Mapping[str, Any]) -> None:
    wrong = []
    for node, parent in edges(manifest):
        if layer(parent) != "raw" or parent["source_name"] == "run":
            continue
        system = Path(node["original_file_path"]).parent.name
        if layer(node) != "staging" or parent["source_name"] != system:
            wrong.append(f"{node['name']} reads {parent['source_name']}.{parent['name']}")
    assert wrong == []


def test_staging_of_one_system_does_not_read_another(manifest: Mapping[str, Any]) -> None:
    wrong = [
        f"{node['name']} reads {parent['name']}"
        for node, parent in edges(manifest)
        if layer(node) == layer(parent) == "staging"
        and Path(node["original_file_path"]).parent != Path(parent["original_file_path"]).parent
    ]
    assert wrong == []


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((PROJECT_ROOT / "pipelines").rglob("*.py")):
        yield path.relative_to(PROJECT_ROOT), ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module a module imports, at whatever depth of the code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def part(path: Path) -> str:
    return path.parts[1].removesuffix(".py")


def test_python_parts_import_only_what_they_may() -> None:
    wrong = []
    for path, tree in modules():
        if path.name == "__init__.py" and len(path.parts) == 2:
            continue
        for name in imported(tree):
            package, _, rest = name.partition(".")
            other = rest.partition(".")[0]
            if package == "pipelines" and other and other not in (part(path), *IMPORTS[part(path)]):
                wrong.append(f"{path} imports {name}")
    assert wrong == []


def test_dagster_is_imported_only_by_the_wiring() -> None:
    wrong = [
        f"{path} imports {name}"
        for path, tree in modules()
        for name in imported(tree)
        if name.split(".")[0] in ("dagster", "dagster_dbt")
        and part(path) != "defs"
        and path.as_posix() not in DAGSTER_FILES
    ]
    assert wrong == []


def test_asset_modules_keep_their_annotations_real() -> None:
    """Dagster reads the annotations of a step's parameters; postponed ones are text to it."""
    wrong = [
        str(path)
        for path, tree in modules()
        if part(path) == "defs"
        and any(name.split(".")[0] == "dagster" for name in imported(tree))
        and "__future__.annotations" in set(imported(tree))
        and any(isinstance(node, ast.FunctionDef) and node.decorator_list for node in ast.walk(tree))
    ]
    assert wrong == []


def test_great_expectations_has_one_door() -> None:
    users = {str(path) for path, tree in modules() for name in imported(tree) if name.startswith("great_expectations")}
    assert users == {"pipelines/quality/gx.py", "pipelines/quality/gx_duckdb.py"}


def calls(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_only_the_warehouse_opens_duckdb() -> None:
    """The generator is no part of the pipeline: it writes exports with whatever it likes."""
    wrong = {
        str(path)
        for path, tree in modules()
        for call in calls(tree)
        if call == "duckdb.connect" and part(path) not in ("warehouse", "synth")
    }
    assert wrong == set()


def test_only_the_settings_read_the_clock() -> None:
    clocks = ("datetime.now", "datetime.utcnow", "date.today", "time.time", "datetime.today")
    wrong = {
        f"{path}: {call}"
        for path, tree in modules()
        for call in calls(tree)
        if call.endswith(clocks) and part(path) != "settings"
    }
    assert wrong == set()


def test_packages_re_export_nothing() -> None:
    wrong = [str(path) for path, tree in modules() if path.name == "__init__.py" and list(imported(tree))]
    assert wrong == []
