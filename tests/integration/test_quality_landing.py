"""The landing checks: asked once about the same bytes, again about new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.quality import landing
from pipelines.quality.gx import Target
from pipelines.quality.landing import check_landing
from pipelines.quality.results import CheckResult
from pipelines.quality.suites import SuiteError
from pipelines.settings import Settings, load_settings

SUITE = """
- type: expect_column_values_to_not_be_null
  kwargs: {column: id}
  severity: error
  why: Key of the order.
"""
TABLES = ["shopify__orders", "shopify__products"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A project of its own with two suites, and a warehouse with two landed tables."""
    made = load_settings({"JOURNEYLINE_ENV": "test", "JOURNEYLINE_HOME": str(tmp_path / "home")})
    made = replace(made, project_root=tmp_path / "project", memory_limit="500MB", threads=1)
    (made.expectations_dir / "landing").mkdir(parents=True)
    for table in TABLES:
        (made.expectations_dir / "landing" / f"{table}.yml").write_text(SUITE)
    made.warehouse_path.parent.mkdir(parents=True)
    sql(
        made,
        "create schema raw;"
        " create table raw.run_settings as select timestamp '2026-10-31 23:00:00' as as_of,"
        " date '2026-10-31' as as_of_date, 11 as min_cell, 'run-1' as run_id;"
        " create table raw.load_manifest (system varchar, table_name varchar, batch_id varchar, status varchar);"
        " insert into raw.load_manifest values ('shopify', 'orders', 'aa', 'landed');"
        " insert into raw.load_manifest values ('shopify', 'products', 'bb', 'landed');"
        " create table raw.shopify__orders as select 1 as id; create table raw.shopify__products as select null as id",
    )
    return made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The tables of each call of the library."""
    calls: list[list[str]] = []
    real = landing.gx.validate

    def counting(database: Path, targets: Sequence[Target], **rest: Any) -> list[CheckResult]:
        calls.append([target.table for target in targets])
        return real(database, targets, **rest)

    monkeypatch.setattr(landing.gx, "validate", counting)
    return calls


def sql(settings: Settings, statements: str) -> None:
    with duckdb.connect(str(settings.warehouse_path)) as con:
        con.execute(statements)


def test_the_same_bytes_are_asked_about_once(settings: Settings, asked: list[list[str]]) -> None:
    first = check_landing(settings, TABLES)
    assert [(result.table, result.status) for result in first] == [
        ("shopify__orders", "passed"),
        ("shopify__products", "failed"),
    ]
    assert check_landing(settings, TABLES) == first
    assert asked == [TABLES]


def test_a_new_batch_is_asked_about_and_the_others_are_not(settings: Settings, asked: list[list[str]]) -> None:
    check_landing(settings, TABLES)
    sql(
        settings,
        "insert into raw.load_manifest values ('shopify', 'orders', 'cc', 'landed');"
        " insert into raw.shopify__orders values (null)",
    )
    assert [result.status for result in check_landing(settings, TABLES)] == ["failed", "failed"]
    assert asked == [TABLES, ["shopify__orders"]]


def test_a_refused_file_changes_no_rows_and_no_answer(settings: Settings, asked: list[list[str]]) -> None:
    check_landing(settings, TABLES)
    sql(settings, "insert into raw.load_manifest values ('shopify', 'orders', 'dd', 'rejected')")
    check_landing(settings, TABLES)
    assert asked == [TABLES]


def test_a_changed_suite_and_a_moved_as_of_are_asked_anew(settings: Settings, asked: list[list[str]]) -> None:
    check_landing(settings, TABLES)
    (settings.expectations_dir / "landing" / "shopify__orders.yml").write_text(SUITE.replace("Key", "The key"))
    check_landing(settings, TABLES)
    sql(settings, "update raw.run_settings set as_of = timestamp '2026-11-01 23:00:00'")
    check_landing(settings, TABLES)
    assert asked == [TABLES, TABLES, TABLES]


def test_a_missing_suite_fails_the_table(settings: Settings) -> None:
    (settings.expectations_dir / "landing" / "shopify__orders.yml").unlink()
    results = check_landing(settings, TABLES)
    assert [(result.table, result.check_type, result.blocks) for result in results] == [
        ("shopify__orders", "suite_present", True),
        ("shopify__products", "expect_column_values_to_not_be_null", True),
    ]


def test_an_answer_that_could_not_be_computed_is_asked_again(settings: Settings, asked: list[list[str]]) -> None:
    (settings.expectations_dir / "landing" / "shopify__orders.yml").write_text(SUITE.replace("id}", "nothing}"))
    assert check_landing(settings, ["shopify__orders"])[0].status == "error"
    assert check_landing(settings, ["shopify__orders"])[0].status == "error"
    assert asked == [["shopify__orders"], ["shopify__orders"]]


def test_a_wrong_type_is_told_before_anything_is_kept(settings: Settings) -> None:
    (settings.expectations_dir / "landing" / "shopify__orders.yml").write_text(
        SUITE.replace("not_be_null", "not_be_odd")
    )
    with pytest.raises(SuiteError, match="shopify__orders, item 1"):
        check_landing(settings, TABLES)
    assert not (settings.home / "quality" / "landing").exists()
