"""dbt inside this process: parse once, then build from the parsed manifest.

Belongs here: calling dbt. Stays out: Dagster (``pipelines.defs.dbt`` maps the results to assets) and any knowledge of
models. One call costs 1-3 s this way, where a dbt command of its own costs 11-28 s.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.defs.heap import collected_seldom
from pipelines.settings import Settings
from pipelines.warehouse import let_go

NO_ARTEFACTS = ("--no-write-json",)
"""Parsing has written the manifest; writing it again with every call takes a second and nobody reads it."""
SELECTED = "selected_for_this_run"
"""Tag that marks the nodes of one build in the manifest given to it; it is written nowhere."""
PARSED_SUFFIXES = (".sql", ".yml", ".yaml", ".csv", ".md")


class DbtError(RuntimeError):
    """dbt itself failed (a project that does not parse, a model that cannot be planned), not a test."""


@dataclass(frozen=True)
class NodeResult:
    """What dbt says about one node: ``status`` is success, pass, warn, fail, error or skipped."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    seconds: float
    failures: int
    message: str
    relation: str
    compiled_path: str


def manifest_path(settings: Settings) -> Path:
    """Where the parsed project lies as JSON."""
    return settings.dbt_target_dir / "manifest.json"


def ensure_manifest(settings: Settings) -> Path:
    """Parse the dbt project if it has never been parsed as it is now; returns the manifest's path.

    Raises:
        DbtError: the project does not parse; the message is dbt's.
    """
    path = manifest_path(settings)
    if is_parsed(settings):
        return path
    settings.dbt_target_dir.mkdir(parents=True, exist_ok=True)
    # The key is taken before parsing and written after it: a change or a crash in between means parsing again.
    key = project_key(settings)
    _key_file(settings).unlink(missing_ok=True)
    # dbt's partial parsing never applies a model's YAML that was there before its SQL: a change means parsing whole.
    _parsed(settings).unlink(missing_ok=True)
    _invoke(settings, ["parse"], manifest=None)
    _key_file(settings).write_text(key)
    return path


def is_parsed(settings: Settings) -> bool:
    """Whether the parsed project is that of the files as they are now."""
    key_file = _key_file(settings)
    complete = manifest_path(settings).exists() and _parsed(settings).exists() and key_file.exists()
    return complete and key_file.read_text() == project_key(settings)


def copy_parsed(settings: Settings, other: Settings) -> None:
    """Give another home the parsed project, if it is parsed as it is now; it holds nothing of the home it was made in.

    What the other has to parse itself otherwise takes longer than building a small company.
    """
    if is_parsed(settings):
        other.dbt_target_dir.mkdir(parents=True, exist_ok=True)
        for path in (manifest_path(settings), _parsed(settings), _key_file(settings)):
            shutil.copyfile(path, other.dbt_target_dir / path.name)


def load_manifest(settings: Settings) -> dict[str, Any]:
    """The parsed project as dbt writes it, parsed first where that is missing or stale."""
    manifest: dict[str, Any] = json.loads(ensure_manifest(settings).read_text())
    return manifest


def build(
    settings: Settings,
    select: Sequence[str],
    *,
    full_refresh: bool = False,
) -> list[NodeResult]:
    """Build the selected nodes and the tests that can be held then; a failed test skips what depends on it.

    The project is the one parsed when the graph was put together: files edited during a run wait for the next.

    Raises:
        DbtError: dbt could not start the run. Failed nodes are results, not errors.
    """
    # buildable: a test runs when all it reads is selected or built before, never on a table that is still to come.
    arguments = [*_build_arguments(full_refresh), "--indirect-selection", "buildable", "--select", *select]
    return _results(_invoke(settings, arguments, manifest=_load_parsed(settings)))


def build_nodes(
    settings: Settings,
    unique_ids: Collection[str],
    *,
    full_refresh: bool = False,
    on_start: Callable[[str], None] | None = None,
) -> list[NodeResult]:
    """Build exactly these nodes and tests, as ``build`` does; ``on_start`` is told the name of each that starts.

    Raises:
        DbtError: dbt could not start the run. Failed nodes are results, not errors.
    """
    # dbt looks for every name it is given among all nodes, and hundreds of names took it ten seconds; a mark is one.
    manifest = _load_parsed(settings)
    for unique_id in unique_ids:
        manifest.nodes[unique_id].tags.append(SELECTED)
    arguments = [*_build_arguments(full_refresh), "--indirect-selection", "empty", "--select", f"tag:{SELECTED}"]
    return _results(_invoke(settings, arguments, manifest=manifest, on_start=on_start))


def _build_arguments(full_refresh: bool) -> list[str]:
    # Unit tests hold no data to account: they belong to the test tier, not to a refresh.
    return ["build", *NO_ARTEFACTS, "--exclude-resource-type", "unit_test", *(["--full-refresh"] * full_refresh)]


def unit_test(settings: Settings, select: Sequence[str]) -> list[NodeResult]:
    """Run the unit tests of the selected models; the tables their inputs stand for must exist, if only empty.

    Raises:
        DbtError: dbt could not start the run. Failed tests are results, not errors.
    """
    arguments = ["test", *NO_ARTEFACTS, "--resource-type", "unit_test", "--select", *select]
    return _results(_invoke(settings, arguments, manifest=_load_parsed(settings)))


def project_key(settings: Settings) -> str:
    """Hash of everything parsing depends on: the project's files, the enabled systems and dbt's version."""
    digest = hashlib.sha256(f"{_dbt_version()}|{','.join(settings.systems)}".encode())
    root = settings.dbt_project_dir
    for path in sorted(path for path in root.rglob("*") if path.suffix in PARSED_SUFFIXES):
        relative = path.relative_to(root)
        if relative.parts[0] in ("target", "logs", "dbt_packages", "definitions"):
            continue
        digest.update(str(relative).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _key_file(settings: Settings) -> Path:
    return settings.dbt_target_dir / "manifest.key"


def _parsed(settings: Settings) -> Path:
    return settings.dbt_target_dir / "partial_parse.msgpack"


def _load_parsed(settings: Settings) -> Any:
    # A fresh object for each call: a run writes compiled code into the manifest it is given.
    from dbt.contracts.graph.manifest import Manifest  # noqa: PLC0415

    manifest: Any = Manifest.from_msgpack(_parsed(settings).read_bytes())
    manifest.build_flat_graph()
    manifest.rebuild_ref_lookup()
    return manifest


def _invoke(
    settings: Settings, arguments: list[str], *, manifest: Any, on_start: Callable[[str], None] | None = None
) -> Any:
    # dbt takes seconds to import, so only a run pays for it.
    from dbt.cli.main import dbtRunner  # noqa: PLC0415

    project = str(settings.dbt_project_dir)
    common = [
        *("--project-dir", project, "--profiles-dir", project),
        *("--target-path", str(settings.dbt_target_dir), "--log-path", str(settings.dbt_target_dir / "logs")),
        *("--log-level", "none", "--log-level-file", "none", "--no-use-colors"),
    ]

    def heard(event: Any) -> None:
        if on_start and event.info.name == "NodeStart":
            on_start(event.data.node_info.node_name)

    let_go(settings)
    with _environment(settings.environ()), _file_kept_open(), collected_seldom():
        outcome = dbtRunner(manifest=manifest, callbacks=[heard]).invoke([*arguments, *common])
    if outcome.exception is not None:
        raise DbtError(str(outcome.exception)) from outcome.exception
    return outcome.result


def _results(result: Any) -> list[NodeResult]:
    return [
        NodeResult(
            unique_id=item.node.unique_id,
            name=item.node.name,
            resource_type=str(item.node.resource_type),
            status=str(item.status),
            seconds=float(item.execution_time or 0.0),
            failures=int(item.failures or 0),
            message=str(item.message or ""),
            relation=str(getattr(item.node, "relation_name", "") or ""),
            compiled_path=str(getattr(item.node, "compiled_path", "") or ""),
        )
        for item in result.results
    ]


@lru_cache(maxsize=1)
def _dbt_version() -> str:
    from importlib.metadata import version  # noqa: PLC0415

    return f"{version('dbt-core')} {version('dbt-duckdb')}"


@contextmanager
def _file_kept_open() -> Iterator[None]:
    """Let dbt open the warehouse once for a whole call, and close it at the end.

    By itself dbt opens and closes the file for each of hundreds of nodes, a third of its time on small data.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415

    manager: Any = DuckDBConnectionManager
    try:
        yield
    finally:
        environment = manager._ENV
        manager.close_all_connections()
        if environment is not None:
            environment.close()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    # dbt reads its profile's variables from the process; they are put back so that nothing leaks into the caller.
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
