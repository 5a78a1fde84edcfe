"""Results of checks: one plain, typed row per check, from whichever layer ran it.

Belongs here: the row, how it is named, counted, kept on disk for the run and read back. Stays out: running checks.
A result never holds a value of the checked data: only counts, so that it can be shown and published.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pipelines.files import write_atomically
from pipelines.settings import Settings

LAYERS = ("raw", "staging", "entities", "identity", "core", "analytics", "published")
"""Where a check looked, in the order the data moves."""

SEVERITIES = ("error", "warning")
STATUSES = ("passed", "failed", "error")
"""``failed``: the data is bad. ``error``: the check itself could not be computed, which says nothing of the data."""

KEEP_RUNS = 20
"""Runs whose check results are kept on disk; the published versions hold their own."""


@dataclass(frozen=True)
class CheckResult:
    """One check of one table.

    ``check_type`` names the kind of check (a Great Expectations type, a dbt test, a law), ``columns`` what it read.
    ``n_checked`` counts the rows looked at (null values left out), ``n_unexpected`` those that break the rule, where
    rows are what is judged; ``observed`` is the number judged by checks of a whole table or column.
    """

    layer: str
    table: str
    check_type: str
    severity: str
    why: str
    status: str
    columns: tuple[str, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    n_checked: int | None = None
    n_unexpected: int | None = None
    observed: float | None = None
    message: str = ""

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("layer", self.layer, LAYERS),
            ("severity", self.severity, SEVERITIES),
            ("status", self.status, STATUSES),
        ):
            if value not in allowed:
                raise ValueError(
                    f"check {self.check_type} of {self.table}: {name}={value!r}, allowed: {', '.join(allowed)}"
                )

    @property
    def check(self) -> str:
        """Short name for people: the type without the words every type shares, and the columns."""
        words = self.check_type.removeprefix("expect_").removeprefix("column_values_to_").removeprefix("column_")
        return f"{words}({', '.join(self.columns)})" if self.columns else words

    @property
    def success(self) -> bool:
        return self.status == "passed"

    @property
    def blocks(self) -> bool:
        """Not passed, and severe enough that nothing may be published."""
        return not self.success and self.severity == "error"

    @property
    def share(self) -> float | None:
        """Unexpected rows / rows looked at, 0-1."""
        if self.n_unexpected is None or not self.n_checked:
            return None
        return self.n_unexpected / self.n_checked


def counts(results: Iterable[CheckResult]) -> dict[str, int]:
    """How many checks passed, warned (not passed, warning) and failed (not passed, error)."""
    tally = {"passed": 0, "warned": 0, "failed": 0}
    for result in results:
        tally["passed" if result.success else "failed" if result.blocks else "warned"] += 1
    return tally


def to_json(results: Iterable[CheckResult]) -> str:
    return json.dumps([asdict(result) for result in results], ensure_ascii=False, indent=1, default=str)


def from_json(text: str) -> list[CheckResult]:
    return [CheckResult(**{**row, "columns": tuple(row["columns"])}) for row in json.loads(text)]


def record(settings: Settings, run_id: str, part: str, results: Sequence[CheckResult]) -> None:
    """Keep the results of one part of a run (``part`` is a slug such as ``landing``) for the publishing step."""
    folder = settings.home / "quality" / "runs" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / f"{part}.json", to_json(results))


def recorded(settings: Settings, run_id: str) -> list[CheckResult]:
    """All results kept for a run, by layer, table and check."""
    folder = settings.home / "quality" / "runs" / run_id
    results = [result for path in sorted(folder.glob("*.json")) for result in from_json(path.read_text("utf-8"))]
    return in_order(results)


def in_order(results: Iterable[CheckResult]) -> list[CheckResult]:
    return sorted(results, key=lambda result: (LAYERS.index(result.layer), result.table, result.check))


def forget_old_runs(settings: Settings) -> None:
    """Delete the kept results of all but the newest runs."""
    folder = settings.home / "quality" / "runs"
    if folder.is_dir():
        newest_first = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in newest_first[KEEP_RUNS:]:
            shutil.rmtree(path, ignore_errors=True)
