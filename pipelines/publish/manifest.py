"""``manifest.json``: what a version is, for people and programs.

Belongs here: its content. Stays out: switching versions.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from pipelines.files import sha256
from pipelines.publish.build import SOURCE, Stamp
from pipelines.publish.contract import Contract, PublicTable
from pipelines.quality.results import CheckResult, counts
from pipelines.settings import Settings, utc_now

FORMAT = 1
"""Version of the manifest's own form."""


def read_sources(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """What landed, by system: tables, batches, rows, first and last event."""
    rows = con.execute(
        f"""
        select
            system,
            count(distinct table_name),
            count(*),
            sum(rows_landed)::bigint,
            sum(rows_quarantined)::bigint,
            min(first_event_at),
            max(last_event_at)
        from {SOURCE}.raw.load_manifest
        where status = 'landed'
        group by system
        order by system
        """
    ).fetchall()
    return {
        system: {
            "tables": tables,
            "batches": batches,
            "rows_landed": landed,
            "rows_quarantined": quarantined,
            "first_event_at": first.isoformat() if first else None,
            "last_event_at": last.isoformat() if last else None,
        }
        for system, tables, batches, landed, quarantined, first, last in rows
    }


def describe(
    settings: Settings,
    *,
    version: str,
    stamp: Stamp,
    fingerprint: str,
    contract: Contract,
    rows: Mapping[str, int],
    sources: Mapping[str, Any],
    checks: Iterable[CheckResult],
    folder: Path,
) -> dict[str, Any]:
    """The manifest of a finished folder. Every connection to its files must be closed: they are read to be hashed."""
    by_name = {table.name: table for table in contract.tables}
    return {
        "format": FORMAT,
        "version": version,
        "published_at": utc_now().isoformat(timespec="seconds"),
        "as_of": stamp.as_of.isoformat(),
        "run_id": stamp.run_id,
        "min_cell": stamp.min_cell,
        "fingerprint": fingerprint,
        "git_revision": _git_revision(settings.project_root),
        "systems": list(settings.systems),
        "sources": dict(sources),
        "checks": counts(checks),
        "database": _file(folder / "marts.duckdb", folder),
        "tables": {
            name: {
                "rows": rows[name],
                **_about(by_name.get(name)),
                **_file(folder / "parquet" / f"{name}.parquet", folder),
            }
            for name in sorted(rows)
        },
    }


def to_text(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"


def _about(table: PublicTable | None) -> dict[str, Any]:
    return {} if table is None else {"grain": table.grain, "key": list(table.key)}


def _file(path: Path, folder: Path) -> dict[str, Any]:
    return {"file": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": sha256(path)}


def _git_revision(project_root: Path) -> str | None:
    """The commit, with ``-dirty`` where files differ from it; none outside a repository or without git."""
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=project_root,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
