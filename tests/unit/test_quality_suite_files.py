"""Suites as files: what is refused, and with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.quality.suites import Item, SuiteError, load_suite

BLIND_QUERY = """
- type: unexpected_rows_expectation
  kwargs: {unexpected_rows_query: select 1}
  severity: error
  why: It never looks at the table.
"""

UNPROVED_QUERY = """
- type: unexpected_rows_expectation
  kwargs: {unexpected_rows_query: "select 1 from {batch}"}
  severity: error
  why: Without an example nobody knows that it can fail.
"""

GOOD = """
- type: expect_column_values_to_not_be_null
  kwargs: {column: id}
  severity: error
  why: Key of the row.
"""


def write(folder: Path, text: str) -> Path:
    (folder / "orders.yml").write_text(text, "utf-8")
    return folder


def test_a_suite_is_read_in_order(tmp_path: Path) -> None:
    suite = load_suite(write(tmp_path, GOOD + GOOD.replace("column: id", "column: amount")), "orders")
    assert [item.columns for item in suite.items] == [("id",), ("amount",)]
    assert suite.items[0].severity == "error"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("a: [1", "is not YAML"),
        ("expectations: here", "is not a list"),
        ("- just words", "item 1: not a mapping"),
        (GOOD.replace("why:", "because:"), "item 1: unknown key because"),
        (GOOD.replace("  severity: error\n", ""), "item 1: severity missing"),
        (GOOD.replace("severity: error", "severity: critical"), "severity 'critical'; allowed: error, warning"),
        (GOOD.replace("why: Key of the row.", "why: ' '"), "why says nothing"),
        (GOOD.replace("kwargs: {column: id}", "kwargs: [id]"), "kwargs is not a mapping"),
        (GOOD + "  broken_by: 5\n", "broken_by is not a mapping"),
        (BLIND_QUERY, "does not read {batch}"),
        (UNPROVED_QUERY, "needs broken_by"),
    ],
)
def test_a_wrong_suite_is_refused_with_file_and_item(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SuiteError, match=r"orders\.yml") as caught:
        load_suite(write(tmp_path, text), "orders")
    assert words in str(caught.value)


def test_a_missing_suite_says_where_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"customers\.yml is missing"):
        load_suite(tmp_path, "customers")


def test_parameters_are_filled_into_texts_and_a_regex_may_end_with_a_dollar() -> None:
    kwargs = {"regex": "^[A-Z]{3}$", "query": "n < $min_cell", "value_set": ["$min_cell", 3], "limit": 7}
    filled = Item("some_type", kwargs, "error", "why").filled({"min_cell": "11"})
    assert filled == {"regex": "^[A-Z]{3}$", "query": "n < 11", "value_set": ["11", 3], "limit": 7}


def test_an_unknown_parameter_names_those_there_are() -> None:
    with pytest.raises(SuiteError, match=r"\$today .* known: \$as_of, \$min_cell"):
        Item("some_type", {"query": "at < $today"}, "error", "why").filled({"as_of": "x", "min_cell": "11"})
