"""Great Expectations on DuckDB: patterns, errors told from bad data, no values in results, nothing left open."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.quality.gx import Target, validate
from pipelines.quality.results import CheckResult
from pipelines.quality.suites import QUERY_TYPE, Item, Suite, SuiteError

SECRET = "anna@example.org"

PATTERNS = {
    "match_regex": ({"regex": "@example"}, 3),
    "not_match_regex": ({"regex": "@example"}, 1),
    "match_regex_list": ({"regex_list": ["^anna", "^ben"]}, 2),
    "not_match_regex_list": ({"regex_list": ["^anna", "^ben"]}, 2),
    "match_like_pattern": ({"like_pattern": "%@example.org"}, 3),
    "not_match_like_pattern": ({"like_pattern": "%@example.org"}, 1),
    "match_like_pattern_list": ({"like_pattern_list": ["anna%", "ben%"]}, 2),
    "not_match_like_pattern_list": ({"like_pattern_list": ["anna%", "ben%"]}, 2),
}
"""Each pattern type with arguments and how many of four values break it; the fifth is null and is not judged."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gx") / "people.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema raw")
        con.execute(
            f"create table raw.people as select * from (values (1, '{SECRET}', 10), (2, 'ben', 20), (3, 'cleo', 30),"
            " (4, 'dora', null), (5, null, 50)) as t (id, email, amount)"
        )
        con.execute("create table raw.nobody as select * from raw.people where false")
        con.execute("create view raw.seen as select * from raw.people")
    return path


def run(database: Path, items: Sequence[Item], relation: str = "raw.people", **parameters: str) -> list[CheckResult]:
    return validate(
        database,
        [Target("people", relation, Suite("people", tuple(items)))],
        layer="raw",
        parameters=parameters,
        memory_limit="500MB",
        threads=1,
        temp_directory=database.parent / "tmp",
    )


def item(kind: str, severity: str = "error", **kwargs: Any) -> Item:
    return Item(kind, kwargs, severity, "A reason.")


@pytest.mark.parametrize("relation", ["raw.people", "raw.seen"])
def test_patterns_are_matched_in_the_database(database: Path, relation: str) -> None:
    items = [
        item(f"expect_column_values_to_{name}", column="email", **kwargs) for name, (kwargs, _) in PATTERNS.items()
    ]
    found = {result.check_type: result for result in run(database, items, relation)}
    for name, (_, unexpected) in PATTERNS.items():
        result = found[f"expect_column_values_to_{name}"]
        assert (result.status, result.n_checked, result.n_unexpected) == ("failed", 4, unexpected), name


def test_results_come_in_the_suites_order_with_their_counts(database: Path) -> None:
    results = run(
        database,
        [
            item("expect_table_row_count_to_be_between", min_value=1),
            item("expect_column_values_to_not_be_null", column="amount"),
            item("expect_column_mean_to_be_between", column="amount", max_value=20, severity="warning"),
            item(QUERY_TYPE, unexpected_rows_query="select 1 from {batch} where amount >= $limit"),
            item("expect_column_values_to_be_unique", column="id"),
        ],
        limit="30",
    )
    told = [(result.check, result.status, result.n_checked, result.n_unexpected, result.observed) for result in results]
    assert told == [
        ("table_row_count_to_be_between", "passed", 5, None, 5.0),
        ("not_be_null(amount)", "failed", 5, 1, None),
        ("mean_to_be_between(amount)", "failed", 5, None, 27.5),
        ("unexpected_rows_expectation", "failed", 5, 2, None),
        ("be_unique(id)", "passed", 5, 0, None),
    ]
    assert [result.blocks for result in results] == [False, True, False, True, False]


def test_a_check_that_cannot_be_computed_is_an_error_and_leaves_its_neighbours_alone(database: Path) -> None:
    results = run(
        database,
        [
            item("expect_column_values_to_match_regex", column="id", regex="^1$"),
            item("expect_column_values_to_not_be_null", column="email"),
            item("expect_column_values_to_be_in_set", column="shoe_size", value_set=[42]),
            item("expect_column_values_to_be_in_set", column="id", value_set=[1, 2, 3, 4, 5]),
        ],
    )
    assert [result.status for result in results] == ["error", "failed", "error", "passed"]
    assert "shoe_size" in results[2].message
    assert results[0].message


def test_no_value_of_the_data_gets_into_a_result(database: Path) -> None:
    results = run(
        database,
        [
            item("expect_column_values_to_match_regex", column="email", regex="^nobody$"),
            item("expect_column_distinct_values_to_be_in_set", column="email", value_set=["x"]),
            item("expect_column_values_to_be_unique", column="email"),
            item("expect_column_most_common_value_to_be_in_set", column="email", value_set=["x"]),
            item(QUERY_TYPE, unexpected_rows_query="select 1 from {batch} where cast(email as integer) > 1"),
        ],
    )
    assert "error" in {result.status for result in results}
    assert SECRET not in json.dumps([asdict(result) for result in results])


def test_an_empty_table_passes_what_judges_rows_and_fails_what_wants_some(database: Path) -> None:
    results = run(
        database,
        [
            item("expect_column_values_to_not_be_null", column="email"),
            item("expect_table_row_count_to_be_between", min_value=1),
        ],
        "raw.nobody",
    )
    assert [(result.status, result.n_checked, result.n_unexpected) for result in results] == [
        ("passed", 0, 0),
        ("failed", 0, None),
    ]


def test_a_missing_table_and_a_missing_suite_fail(database: Path) -> None:
    targets = [
        Target("ghosts", "raw.ghosts", Suite("ghosts", (item("expect_table_row_count_to_be_between", min_value=1),))),
        Target("people", "raw.people", SuiteError("expectations/landing/people.yml is missing")),
    ]
    results = validate(
        database,
        targets,
        layer="raw",
        parameters={},
        memory_limit="500MB",
        threads=1,
        temp_directory=database.parent / "tmp",
    )
    assert [(result.check_type, result.blocks) for result in results] == [
        ("table_present", True),
        ("suite_present", True),
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (item("expect_miracles"), "no such type"),
        (item("expect_column_values_to_not_be_null", colum="id"), "colum"),
        (item(QUERY_TYPE, unexpected_rows_query="select 1 from {batch} where amount > $limit"), "parameter \\$limit"),
    ],
)
def test_a_wrong_item_names_the_suite_and_its_place(database: Path, wrong: Item, words: str) -> None:
    with pytest.raises(SuiteError, match=words):
        run(database, [wrong])


def test_nothing_stays_open(database: Path) -> None:
    run(database, [item("expect_table_row_count_to_be_between", min_value=1)])
    with duckdb.connect(str(database)) as con:
        con.execute("create or replace table raw.written as select 1 as one")
