"""Publishing: build a version aside, prove it, give it its name, make it current.

Belongs here: the order of the steps. Stays out: each step. Whatever goes wrong, wherever, the current version stays as
it is: nothing before ``versions.switch`` touches what readers see, and that step is one rename.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines import warehouse
from pipelines.files import write_atomically
from pipelines.publish import build, manifest, probe, quality_table, versions
from pipelines.publish.build import Stamp
from pipelines.publish.contract import Contract, load_contract
from pipelines.publish.fingerprint import fingerprint
from pipelines.publish.pseudonyms import load_pseudonyms
from pipelines.quality import gx, page
from pipelines.quality.results import CheckResult, forget_old_runs, in_order
from pipelines.quality.suites import Suite, SuiteError, load_suite
from pipelines.settings import Settings

DATABASE = "marts.duckdb"
PARQUET = "parquet"
LAYER = "published"


class PublishBlockedError(RuntimeError):
    """A check that must pass did not; nothing was published. ``checks`` holds every result of the run."""

    def __init__(self, checks: Sequence[CheckResult], page_path: Path) -> None:
        self.checks = tuple(checks)
        self.page_path = page_path
        bad = [check for check in checks if check.blocks]
        listed = "; ".join(f"{check.layer}.{check.table} {check.check}" for check in bad[:5])
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        super().__init__(f"not published, {len(bad)} checks failed: {listed}{more}; all of them: {page_path}")


@dataclass(frozen=True)
class PublishResult:
    """What came of it. ``is_new`` is false where this result was published before; ``checks`` are all of the run."""

    version: str
    path: Path
    is_new: bool
    rows: Mapping[str, int]
    checks: tuple[CheckResult, ...]
    fingerprint: str
    removed: tuple[str, ...] = ()


def publish(
    settings: Settings,
    *,
    run_id: str,
    checks: Sequence[CheckResult],
    force: bool = False,
    finish: Callable[[Path], None] | None = None,
) -> PublishResult:
    """Publish the warehouse as it is under the public contract, if every blocking check passes.

    ``checks`` are the results of the layers before; those of the new version are added. With the same inputs, code
    and settings as the current version (or one that was rolled back) nothing is published, unless ``force`` is set.
    ``finish`` adds to the complete folder what is made from it alone, before it has a name: what it raises is raised,
    and nothing is published.

    Raises:
        PublishBlockedError: a check of severity error did not pass, in ``checks`` or in the new version.
        VersionError: another process is publishing.
        WarehouseError: the warehouse is missing.
        ContractError, SuiteError: contract or suites are wrong.
    """
    with versions.publishing(settings) as folder:
        mark = fingerprint(settings)
        before = versions.settled(settings, mark)
        if before is not None and not force:
            rows = {name: int(table["rows"]) for name, table in before.manifest["tables"].items()}
            return PublishResult(before.name, before.path, False, rows, tuple(checks), mark)
        _stop_if_blocked(settings, checks)
        name = versions.new_name(run_id)
        aside = folder / f".{name}.tmp"
        aside.mkdir()
        try:
            rows, results = _fill(settings, aside, Release(name, run_id, mark), checks)
            if finish is not None:
                finish(aside)
            path = versions.complete(folder, aside, name)
        except BaseException:
            versions.discard(aside)
            raise
        previous = versions.current_name(settings)
        versions.switch(folder, name)
        versions.write_history(folder, "publish", name, previous)
        removed = versions.prune(settings)
        forget_old_runs(settings)
    return PublishResult(name, path, True, rows, tuple(results), mark, tuple(removed))


@dataclass(frozen=True)
class Release:
    """What a version is called and what it was made from."""

    name: str
    run_id: str
    fingerprint: str


def _fill(
    settings: Settings, aside: Path, release: Release, earlier: Sequence[CheckResult]
) -> tuple[dict[str, int], list[CheckResult]]:
    """Fill the folder aside. Each step leaves no connection open for the next."""
    contract = load_contract(settings.dbt_project_dir / "models")
    stamp, sources, probed = _build(settings, contract, aside / DATABASE, release.run_id, earlier)
    results = in_order([*earlier, *probed, *_suites(settings, contract, aside / DATABASE, stamp)])
    _stop_if_blocked(settings, results)
    own = [result for result in results if result.layer == LAYER]
    rows = _finish(settings, contract, aside, own, stamp)
    about = manifest.describe(
        settings,
        version=release.name,
        stamp=stamp,
        fingerprint=release.fingerprint,
        contract=contract,
        rows=rows,
        sources=sources,
        checks=results,
        folder=aside,
    )
    (aside / versions.MANIFEST).write_text(manifest.to_text(about), "utf-8")
    write_page(aside / "quality", results, about)
    return rows, results


def _build(
    settings: Settings, contract: Contract, database: Path, run_id: str, earlier: Sequence[CheckResult]
) -> tuple[Stamp, dict[str, Any], list[CheckResult]]:
    """Build the tables and probe them while the warehouse is attached."""
    warehouse.let_go(settings)
    with warehouse.memory(settings) as con:
        if not settings.warehouse_path.exists():
            raise warehouse.WarehouseError(
                f"no warehouse at {settings.warehouse_path}: run 'journeyline refresh' first"
            )
        build.attach(con, settings.warehouse_path, database)
        stamp = _stamp(con, run_id)
        build.build_tables(con, contract, load_pseudonyms(settings), stamp)
        quality_table.create(con)
        quality_table.append(con, [check for check in earlier if check.layer != LAYER], stamp)
        results = [*_rows_complete(con, contract, stamp), *probe.probe(con, contract)]
        return stamp, manifest.read_sources(con), results


def _stamp(con: duckdb.DuckDBPyConnection, run_id: str) -> Stamp:
    row = con.execute(f"select as_of_date, min_cell from {build.SOURCE}.raw.run_settings").fetchone()
    if row is None:
        raise warehouse.WarehouseError("raw.run_settings is empty: run 'journeyline refresh' first")
    return Stamp(as_of=row[0], run_id=run_id, min_cell=int(row[1]))


def _rows_complete(con: duckdb.DuckDBPyConnection, contract: Contract, stamp: Stamp) -> list[CheckResult]:
    """A join that loses or doubles rows on the way out is the publisher's own fault, so it checks itself."""
    wanted = build.count_source_rows(con, contract, stamp)
    found = build.count_rows(con, list(wanted))
    return [
        CheckResult(
            layer=LAYER,
            table=name,
            check_type="rows_complete",
            severity="error",
            why="The published table has as many rows as its source gives it.",
            status="passed" if found[name] == rows else "failed",
            n_checked=rows,
            n_unexpected=abs(found[name] - rows),
        )
        for name, rows in wanted.items()
    ]


def _suites(settings: Settings, contract: Contract, database: Path, stamp: Stamp) -> list[CheckResult]:
    targets = [
        gx.Target(table=name, relation=f"main.{name}", suite=_suite(settings, name))
        for name in (*(table.name for table in contract.tables), quality_table.NAME)
    ]
    return gx.validate(
        database,
        targets,
        layer=LAYER,
        parameters={"as_of_date": f"date '{stamp.as_of}'", "min_cell": str(stamp.min_cell)},
        memory_limit=settings.memory_limit,
        threads=settings.threads,
        temp_directory=settings.temp_dir,
    )


def _suite(settings: Settings, table: str) -> Suite | SuiteError:
    try:
        return load_suite(settings.expectations_dir / LAYER, table)
    except SuiteError as error:
        return error


def _finish(
    settings: Settings, contract: Contract, aside: Path, own: Sequence[CheckResult], stamp: Stamp
) -> dict[str, int]:
    """Add the version's own checks to its table of checks and write the Parquet twins; the warehouse is not needed."""
    tables = [*(table.name for table in contract.tables), quality_table.NAME]
    with warehouse.memory(settings) as con:
        con.execute(f"attach {warehouse.quote(aside / DATABASE)} as {build.TARGET}")
        quality_table.append(con, own, stamp)
        con.execute(f"checkpoint {build.TARGET}")
        build.write_parquet(con, tables, aside / PARQUET)
        rows = build.count_rows(con, tables)
        con.execute(f"detach {build.TARGET}")
    return rows


def _stop_if_blocked(settings: Settings, checks: Sequence[CheckResult]) -> None:
    if any(check.blocks for check in checks):
        path = write_page(settings.home / "quality", checks, {})
        raise PublishBlockedError(checks, path)


def write_page(folder: Path, checks: Sequence[CheckResult], about: Mapping[str, Any]) -> Path:
    """Write the quality page, into a version or (for a run that was stopped) into the home."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    write_atomically(path, page.render(checks, about))
    return path
