"""Results: naming, counting, and the way to disk and back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pipelines.quality import results
from pipelines.quality.results import CheckResult
from pipelines.settings import Settings, load_settings


def result(**changes: Any) -> CheckResult:
    given: dict[str, Any] = {
        "layer": "raw",
        "table": "shopify__orders",
        "check_type": "expect_column_values_to_not_be_null",
        "severity": "error",
        "why": "Key.",
        "status": "passed",
    }
    return CheckResult(**{**given, **changes})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"JOURNEYLINE_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("check_type", "columns", "name"),
    [
        ("expect_column_values_to_not_be_null", ("id",), "not_be_null(id)"),
        ("expect_compound_columns_to_be_unique", ("a", "b"), "compound_columns_to_be_unique(a, b)"),
        ("expect_column_mean_to_be_between", ("stars",), "mean_to_be_between(stars)"),
        ("funnel_never_widens", (), "funnel_never_widens"),
    ],
)
def test_a_check_has_a_short_name(check_type: str, columns: tuple[str, ...], name: str) -> None:
    assert result(check_type=check_type, columns=columns).check == name


@pytest.mark.parametrize(
    ("status", "severity", "blocks"),
    [
        ("passed", "error", False),
        ("failed", "error", True),
        ("error", "error", True),
        ("failed", "warning", False),
        ("error", "warning", False),
    ],
)
def test_only_what_is_severe_and_not_passed_blocks(status: str, severity: str, blocks: bool) -> None:
    assert result(status=status, severity=severity).blocks is blocks


def test_share_is_of_the_rows_looked_at() -> None:
    assert result(n_checked=200, n_unexpected=5).share == 0.025
    assert result(n_checked=0, n_unexpected=0).share is None
    assert result(n_checked=200).share is None


def test_counts_tell_warnings_from_failures() -> None:
    rows = [result(), result(status="failed"), result(status="failed", severity="warning"), result(status="error")]
    assert results.counts(rows) == {"passed": 1, "warned": 1, "failed": 2}


@pytest.mark.parametrize("change", [{"layer": "bronze"}, {"severity": "critical"}, {"status": "ok"}])
def test_words_not_known_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(change.values()))):
        result(**change)


def test_json_gives_back_what_was_written() -> None:
    row = result(columns=("a", "b"), kwargs={"value_set": ["ä", 1]}, n_checked=3, n_unexpected=1, observed=0.5)
    assert results.from_json(results.to_json([row])) == [row]


def test_a_run_collects_its_parts_in_the_order_data_moves(settings: Settings) -> None:
    results.record(settings, "run-1", "core", [result(layer="core", table="dim_customers")])
    results.record(settings, "run-1", "landing", [result()])
    results.record(settings, "run-2", "landing", [result(table="other")])
    assert [row.layer for row in results.recorded(settings, "run-1")] == ["raw", "core"]


def test_recording_a_part_again_replaces_it(settings: Settings) -> None:
    results.record(settings, "run-1", "landing", [result(status="failed")])
    results.record(settings, "run-1", "landing", [result()])
    assert [row.status for row in results.recorded(settings, "run-1")] == ["passed"]


def test_old_runs_are_forgotten(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "KEEP_RUNS", 1)
    results.record(settings, "run-1", "landing", [result()])
    newest = settings.home / "quality" / "runs" / "run-2"
    results.record(settings, "run-2", "landing", [result()])
    later = newest.stat().st_mtime_ns + 10**9
    os.utime(newest, ns=(later, later))
    results.forget_old_runs(settings)
    assert results.recorded(settings, "run-1") == []
    assert len(results.recorded(settings, "run-2")) == 1


def test_the_json_holds_only_plain_fields() -> None:
    assert set(json.loads(results.to_json([result()]))[0]) == {
        "layer", "table", "check_type", "severity", "why", "status", "columns", "kwargs",
        "n_checked", "n_unexpected", "observed", "message",
    }  # fmt: skip
