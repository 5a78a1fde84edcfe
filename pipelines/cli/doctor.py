"""`journeyline doctor`: what is installed, configured, writable, locked or stale, and how to mend it."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import out, print_json, settings_or_exit
from pipelines.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.settings import Settings

HELP = """Check the installation, the settings and the state folder; say how to mend what is wrong.

Example: journeyline doctor --json"""

MIN_FREE_GB = 2.0
MIN_PYTHON = (3, 11)


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``state``: ok, note (nothing to mend) or fault (a refresh cannot work)."""

    what: str
    state: str
    found: str
    mend: str = ""


def command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    settings = settings_or_exit()
    findings = examine(settings)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _tell(findings)
    if any(finding.state == "fault" for finding in findings):
        raise SystemExit(ExitCode.UNHEALTHY)


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; no look changes anything."""
    looks: list[Callable[[Settings], Iterator[Finding]]] = [
        _python,
        _packages,
        _settings,
        _state_folder,
        _input,
        _project,
        _lock,
        _warehouse,
        _published,
        _pseudonym_key,
    ]
    return [finding for look in looks for finding in look(settings)]


def _tell(findings: list[Finding]) -> None:
    from rich.markup import escape

    colours = {"ok": "green", "note": "yellow", "fault": "red"}
    console = out()
    for finding in findings:
        colour = colours[finding.state]
        console.print(f"[{colour}]{finding.state:<5}[/{colour}]  {finding.what:<16} {escape(finding.found)}")
        if finding.mend:
            console.print(f"       {'':<16} mend: {escape(finding.mend)}", style="dim")


def _python(_: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info[:2] >= MIN_PYTHON
    yield Finding("python", "ok" if good else "fault", version, "" if good else "make install PYTHON=python3.11")


def _packages(settings: Settings) -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    wrong = []
    pins = list(_pins(settings.project_root / "requirements.lock"))
    for name, pinned in pins:
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "missing"
        if installed != pinned:
            wrong.append(f"{name} {installed} (locked: {pinned})")
    if wrong:
        yield Finding("packages", "fault", "; ".join(wrong[:5]) + (" …" if len(wrong) > 5 else ""), "make install")
    else:
        yield Finding("packages", "ok", f"{len(pins)} as locked")


def _pins(lock: Path) -> Iterator[tuple[str, str]]:
    """Name and version of each locked package this platform needs (those with a marker may be absent)."""
    for line in lock.read_text().splitlines():
        match = re.match(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)(.*)$", line)
        if match and ";" not in match[3]:
            yield match[1], match[2]


def _settings(settings: Settings) -> Iterator[Finding]:
    as_told = "as the sources say"
    in_force = {
        "company": settings.company,
        "sources": ", ".join(settings.systems),
        "as of": settings.as_of,
        "currency": settings.reporting_currency or as_told,
        "time zone": settings.reporting_time_zone or as_told,
        "smallest n": settings.min_cell,
        "versions kept": settings.keep_versions,
        "DuckDB": f"{settings.memory_limit}, {settings.threads} threads",
        "environment": settings.environment,
    }
    yield from (Finding(name, "ok", str(value)) for name, value in in_force.items())


def _state_folder(settings: Settings) -> Iterator[Finding]:
    import os

    folder = settings.home
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(existing, os.W_OK):
        yield Finding(
            "state folder", "fault", f"{existing} cannot be written", "set JOURNEYLINE_HOME to a folder you own"
        )
        return
    free = shutil.disk_usage(existing).free / 1e9
    enough = free >= MIN_FREE_GB
    yield Finding(
        "state folder",
        "ok" if enough else "fault",
        f"{folder}, writable, {free:.1f} GB free",
        "" if enough else f"free at least {MIN_FREE_GB:g} GB, or set JOURNEYLINE_HOME to another disk",
    )


def _input(settings: Settings) -> Iterator[Finding]:
    from pipelines.contract import ContractError, load_contracts
    from pipelines.ingest.landing import table_files, unmatched_files

    try:
        contracts = load_contracts(settings.systems, settings.project_root)
    except ContractError as error:
        yield Finding("contracts", "fault", str(error), "mend the sources YAML named")
        return
    yield Finding(
        "contracts", "ok", f"{sum(len(c.tables) for c in contracts.values())} tables of {len(contracts)} systems"
    )
    absent = [
        table.relation_name
        for contract in contracts.values()
        for table in contract.tables
        if not table_files(settings, table)
    ]
    total = sum(len(contract.tables) for contract in contracts.values())
    if len(absent) == total:
        mend = "journeyline generate" if settings.is_demo else "point JOURNEYLINE_DATA (make: DATA=) at the exports"
        yield Finding("exports", "note", f"none in {settings.landing_dir}", mend)
    elif absent:
        yield Finding(
            "exports", "note", f"no file for {', '.join(absent)}", "these tables stay empty; add their files or ignore"
        )
    else:
        yield Finding("exports", "ok", f"files for all {total} tables in {settings.landing_dir}")
    unknown = unmatched_files(settings, [*contracts.values()])
    if unknown:
        yield Finding("unknown files", "note", ", ".join(unknown[:5]), "rename them to match a contract's file pattern")


def _project(settings: Settings) -> Iterator[Finding]:
    from pipelines.defs.dbt_runner import is_parsed

    if is_parsed(settings):
        yield Finding("dbt project", "ok", "parsed as it is now")
    else:
        yield Finding("dbt project", "note", "changed since it was parsed, or never parsed; the next refresh parses it")


def _lock(settings: Settings) -> Iterator[Finding]:
    from pipelines.defs.home import holder, is_locked

    if is_locked(settings):
        yield Finding("lock", "note", f"a refresh is running ({holder(settings)})", "wait for it, or end that process")
    else:
        yield Finding("lock", "ok", "free")


def _warehouse(settings: Settings) -> Iterator[Finding]:
    from pipelines.warehouse import WarehouseError, tables

    if not settings.warehouse_path.exists():
        yield Finding("warehouse", "note", "not built yet", "journeyline refresh")
        return
    try:
        yield Finding("warehouse", "ok", f"{len(tables(settings))} tables in {settings.warehouse_path}")
    except WarehouseError as error:
        yield Finding("warehouse", "note", str(error), "close the program that holds it")


def _published(settings: Settings) -> Iterator[Finding]:
    from pipelines.cli.published import describe_current
    from pipelines.settings import utc_now

    current = describe_current(settings)
    if current is None:
        yield Finding("published", "note", "nothing yet", "journeyline refresh")
        return
    age = (utc_now() - current["published_at"]).total_seconds() / 3600
    stale = age > 36
    yield Finding(
        "published",
        "note" if stale else "ok",
        f"{current['version']}, {age:.0f} hours old",
        "journeyline refresh, or switch the nightly schedule on in journeyline dev" if stale else "",
    )


def _pseudonym_key(settings: Settings) -> Iterator[Finding]:
    keys = [path for path in settings.secrets_dir.glob("*") if path.is_file()] if settings.secrets_dir.is_dir() else []
    if not keys:
        yield Finding("pseudonym key", "note", "made by the first publish")
        return
    open_to_others = [path.name for path in keys if path.stat().st_mode & 0o077]
    if open_to_others:
        yield Finding(
            "pseudonym key",
            "fault",
            f"{settings.secrets_dir} is readable by others",
            f"chmod 600 {settings.secrets_dir}/*",
        )
    else:
        yield Finding("pseudonym key", "ok", f"in {settings.secrets_dir}; keep a copy elsewhere")
