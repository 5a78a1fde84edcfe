"""Suites: the checks of a table as written in ``expectations/<layer folder>/<table>.yml``.

Belongs here: reading a suite and refusing a wrong one with a message that names file and item. Stays out: running it.

A suite is a list. Each item has

* ``type``: a Great Expectations type such as ``expect_column_values_to_not_be_null``; ``unexpected_rows_expectation``
  takes ``unexpected_rows_query``, a query that returns one row per broken row and reads the table as ``{batch}``;
* ``kwargs``: its arguments; ``$as_of``, ``$min_cell`` and the other parameters of a run are filled into texts;
* ``severity``: ``error`` stops the run, ``warning`` is shown;
* ``why``: the reason, and for a limit when it was set;
* ``broken_by``: column values that the check must catch, as SQL literals. Required with a query, where nothing else
  says what a bad row is; for the other types the tests know how to break a table themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipelines.files import read_yaml
from pipelines.quality.results import SEVERITIES

QUERY_TYPE = "unexpected_rows_expectation"
REQUIRED = ("type", "kwargs", "severity", "why")
OPTIONAL = ("broken_by",)
PARAMETER = re.compile(r"\$([a-z][a-z_]*)")
"""``$name``; a dollar sign at the end of a regex is no parameter."""


class SuiteError(ValueError):
    """A suite cannot be used; the message names the file, the item and what to write."""


@dataclass(frozen=True)
class Item:
    """One check of a suite."""

    type: str
    kwargs: Mapping[str, Any]
    severity: str
    why: str
    broken_by: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the arguments name."""
        named = [self.kwargs[key] for key in ("column", "column_A", "column_B") if key in self.kwargs]
        return (*named, *self.kwargs.get("column_list", ()))

    def filled(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The arguments with the run's parameters filled in.

        Raises:
            SuiteError: a text names a parameter the run does not have.
        """
        return {key: _fill(value, parameters) for key, value in self.kwargs.items()}


@dataclass(frozen=True)
class Suite:
    """The checks of one table, in the order of the file."""

    table: str
    items: tuple[Item, ...]


def load_suite(folder: Path, table: str) -> Suite:
    """Read ``<folder>/<table>.yml``.

    Raises:
        SuiteError: the file is missing, empty, no list, or an item lacks a key, has one not known, or a wrong value.
    """
    path = folder / f"{table}.yml"
    where = f"expectations/{folder.name}/{path.name}"
    if not path.is_file():
        raise SuiteError(f"{where} is missing: every table has a suite; write one beside {folder.name}'s others")
    try:
        rows = read_yaml(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise SuiteError(f"{where} is not YAML: {error}") from error
    if not rows:
        raise SuiteError(f"{where} is empty: a suite without checks would pass anything")
    if not isinstance(rows, list):
        raise SuiteError(f"{where} is not a list of items with {', '.join(REQUIRED)}")
    return Suite(table=table, items=tuple(_item(row, f"{where}, item {number}") for number, row in enumerate(rows, 1)))


def _item(row: object, where: str) -> Item:
    if not isinstance(row, dict):
        raise SuiteError(f"{where}: not a mapping with {', '.join(REQUIRED)}")
    if unknown := [str(key) for key in row if key not in (*REQUIRED, *OPTIONAL)]:
        raise SuiteError(f"{where}: unknown key {', '.join(unknown)}; allowed: {', '.join((*REQUIRED, *OPTIONAL))}")
    if missing := [key for key in REQUIRED if key not in row]:
        raise SuiteError(f"{where}: {', '.join(missing)} missing")
    if not isinstance(row["kwargs"], dict):
        raise SuiteError(f"{where}: kwargs is not a mapping")
    if row["severity"] not in SEVERITIES:
        raise SuiteError(f"{where}: severity {row['severity']!r}; allowed: {', '.join(SEVERITIES)}")
    if not isinstance(row["why"], str) or not row["why"].strip():
        raise SuiteError(f"{where}: why says nothing")
    broken_by = row.get("broken_by") or {}
    if not isinstance(broken_by, dict):
        raise SuiteError(f"{where}: broken_by is not a mapping of columns to values")
    if row["type"] == QUERY_TYPE:
        _check_query(row["kwargs"], broken_by, where)
    return Item(
        type=row["type"], kwargs=row["kwargs"], severity=row["severity"], why=row["why"].strip(), broken_by=broken_by
    )


def _check_query(kwargs: Mapping[str, Any], broken_by: Mapping[str, Any], where: str) -> None:
    if set(kwargs) != {"unexpected_rows_query"}:
        raise SuiteError(f"{where}: {QUERY_TYPE} takes exactly unexpected_rows_query")
    if "{batch}" not in str(kwargs["unexpected_rows_query"]):
        raise SuiteError(f"{where}: the query does not read {{batch}}")
    if not broken_by:
        raise SuiteError(f"{where}: a query needs broken_by, the values it must catch")


def _fill(value: Any, parameters: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_fill(part, parameters) for part in value]
    if not isinstance(value, str):
        return value
    return PARAMETER.sub(lambda found: _parameter(found, value, parameters), value)


def _parameter(found: re.Match[str], text: str, parameters: Mapping[str, str]) -> str:
    name = found.group(1)
    if name not in parameters:
        known = ", ".join(f"${known}" for known in sorted(parameters)) or "none"
        raise SuiteError(f"parameter ${name} in {text!r} is not known; known: {known}")
    return parameters[name]
