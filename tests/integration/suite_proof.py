"""Proving suites: for every item a table that keeps the rule and one that breaks it.

Belongs here: making those tables in one DuckDB file, for landing suites from the landing contracts and for published
suites from a built version. Stays out: running the suites and judging.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.contract import load_contracts
from pipelines.quality.suites import QUERY_TYPE, Item, Suite, load_suite
from pipelines.settings import PROJECT_ROOT, known_systems
from pipelines.warehouse import identifier, quote, relation

EXPECTATIONS = PROJECT_ROOT / "expectations"
ROWS = 1200
"""Enough for the rules that hold only from a thousand rows on."""

DEFAULTS = {
    "bigint": "i + 1",
    "integer": "3",
    "double": "1",
    "decimal(18,4)": "10",
    "boolean": "true",
    "date": "date '2026-01-05'",
    "timestamp": "timestamp '2026-10-30 12:00:00'",
    "json": """'[{"price": "5.00"}]'""",
}

CLEAN = {
    "adventureworks__customers": {"birth_date": "date '1980-01-01'"},
    "adventureworks__resellers": {"account_number": "'AW' || lpad(cast(i as varchar), 8, '0')"},
    "adventureworks__sales": {"order_line_item": "i"},
    "adventureworks__email_addresses": {"email_address": "'person' || i || '@example.org'"},
    "adventureworks__survey_responses": {"date_key": "20261030"},
    "ga4__events": {"event_name": "'page_view'"},
    "hubspot__companies": {"hs_parent_company_id": "null"},
    "hubspot__contacts": {"email": "'person' || i || '@example.org'"},
    "hubspot__deals": {"dealstage": "'closedwon'"},
    "qualtrics__distributions": {"response_id": "null"},
    "qualtrics__responses": {"progress": "100", "sat_ideal": "1 + i % 10"},
    "zendesk__satisfaction_ratings": {"comment": "null"},
    "zendesk__users": {"role": "'end-user'"},
}
"""What the rules of one table ask of each other's columns; everything else follows from the items themselves."""

EXAMPLES = (
    "/path",
    "person@example.org",
    "EUR",
    "DE",
    "20260105",
    "536365",
    "12345.0",
    "SO43697",
    "AW00011000",
    "12;34",
    "Europe/Berlin",
    "page_view",
    "example.org",
    "/products",
    "https://example.org/sofa",
    "+49 30 1234567",
    "<StoreSurvey/>",
)
"""Values of the forms that suites ask for; a new form wants an example here."""

AGGREGATE = ("having", " over (", "avg(", "count(")
"""A query with one of these judges rows together, so one broken row may be too few, or all of them too alike."""


@dataclass(frozen=True)
class Broken:
    """An item and the tables that break it: the item must fail on one of them, and on each where ``all_must_fail``."""

    layer: str
    table: str
    number: int
    item: Item
    relations: tuple[str, ...]
    all_must_fail: bool

    @property
    def id(self) -> str:
        return f"{self.layer}.{self.table}#{self.number}"


def landing_suites() -> dict[str, Suite]:
    """The suite of every table of every system that has a landing contract."""
    contracts = load_contracts(known_systems()).values()
    names = [table.relation_name for contract in contracts for table in contract.tables]
    return {name: load_suite(EXPECTATIONS / "landing", name) for name in names}


def write_clean_landing(con: duckdb.DuckDBPyConnection) -> None:
    """``landing.<table>``: rows that keep every rule, typed by the landing contract."""
    con.execute("create schema landing")
    suites = landing_suites()
    for contract in load_contracts(known_systems()).values():
        for table in contract.tables:
            own = CLEAN.get(table.relation_name, {})
            items = suites[table.relation_name].items
            made = {c.name: own.get(c.name) or _clean(c.name, c.data_type, items) for c in table.columns}
            values = [f"cast({made[c.name]} as {c.storage_type}) as {identifier(c.name)}" for c in table.columns]
            values += ["'batch' as _batch_id", "i as _row_number", "timestamp '2026-11-01' as _loaded_at"]
            con.execute(
                f"create table landing.{identifier(table.relation_name)} as"
                f" select {', '.join(values)} from (select range as i from range({ROWS}))"
            )


def _clean(name: str, data_type: str, items: tuple[Item, ...]) -> str:
    """SQL of a value that keeps the rules about one column."""
    for item in items:
        if item.kwargs.get("column") != name:
            continue
        if "value_set" in item.kwargs:
            values = ", ".join(_literal(value) for value in item.kwargs["value_set"])
            return f"list_extract([{values}], cast(1 + i % {len(item.kwargs['value_set'])} as bigint))"
        if item.type.endswith("match_regex"):
            return quote(next(example for example in EXAMPLES if re.search(item.kwargs["regex"], example)))
        if item.type.endswith("values_to_be_between") and data_type not in ("date", "timestamp"):
            low, high = item.kwargs.get("min_value"), item.kwargs.get("max_value")
            return str(high if low is None else low + 10 if high is None else (low + high) // 2)
    if data_type in DEFAULTS:
        return DEFAULTS[data_type]
    return "null" if "(" in data_type else f"'{name}_' || i"


def write_broken(con: duckdb.DuckDBPyConnection, layer: str, suites: dict[str, Suite]) -> Iterator[Broken]:
    """``broken.*``: for each item one or two tables that break it, made from the clean table of the layer."""
    con.execute("create schema if not exists broken")
    for table, suite in suites.items():
        types = _types(con, layer, table)
        for number, item in enumerate(suite.items, 1):
            relations = []
            modes = _modes(item)
            for mode in modes:
                name = f"broken.{layer}_{table}_{number}_{mode}"
                con.execute(f"create view {relation(name)} as {_break(item, layer, table, types, mode)}")
                relations.append(name)
            yield Broken(layer, table, number, item, tuple(relations), all_must_fail=len(modes) == 1)


def _modes(item: Item) -> tuple[str, ...]:
    if item.type == QUERY_TYPE:
        query = item.kwargs["unexpected_rows_query"].lower()
        return ("row", "all") if any(word in query for word in AGGREGATE) else ("row",)
    judges_all = "mostly" in item.kwargs or not item.type.startswith(("expect_column_value", "expect_column_pair"))
    return ("all",) if judges_all else ("row",)


def _break(item: Item, layer: str, table: str, types: dict[str, str], mode: str) -> str:
    clean = f"{layer}.{identifier(table)}"
    if item.type == "expect_table_row_count_to_be_between":
        return f"select * from {clean} limit {item.kwargs['min_value'] - 1}"
    if item.type.endswith("to_be_unique"):
        return f"select * from {clean} union all select * from {clean}"
    values = _breaking_values(item, types)
    assert values, f"nothing says how to break {item.type} of {table}"
    row = "_number = 1" if mode == "row" else "true"
    cast_values = {identifier(name): f"cast({_literal(value)} as {types[name]})" for name, value in values.items()}
    changed = [f"case when {row} then {value} else {name} end as {name}" for name, value in cast_values.items()]
    numbered = f"select *, row_number() over () as _number from {clean}"
    return f"select * exclude (_number) replace ({', '.join(changed)}) from ({numbered})"


def _breaking_values(item: Item, types: dict[str, str]) -> dict[str, Any]:
    kwargs = item.kwargs
    column = kwargs.get("column", "")
    if item.type == QUERY_TYPE:
        return dict(item.broken_by)
    if item.type == "expect_column_pair_values_a_to_be_greater_than_b":
        return {kwargs["column_A"]: "2001-01-01", kwargs["column_B"]: "2002-01-01"}
    breaking = {
        "expect_column_values_to_not_be_null": None,
        "expect_column_proportion_of_non_null_values_to_be_between": None,
        "expect_column_values_to_be_between": _outside(kwargs, types.get(column, "")),
        "expect_column_mean_to_be_between": _outside(kwargs, types.get(column, "")),
        "expect_column_values_to_be_in_set": "no such value" if types.get(column) == "VARCHAR" else -987654,
        "expect_column_values_to_match_regex": "~ no such form ~",
        "expect_column_values_to_not_match_regex": "/page?of=somebody@example.org",
        "expect_column_value_lengths_to_equal": "short",
    }
    return {column: breaking[item.type]}


def _outside(kwargs: Mapping[str, Any], data_type: str) -> Any:
    """A value outside the limits; for times the first century."""
    if data_type in ("DATE", "TIMESTAMP"):
        return "0100-01-01"
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if isinstance(low, int | float):
        return low - 1
    return high + 1 if isinstance(high, int | float) else None


def _types(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, str]:
    rows = con.execute(
        "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ?"
        " and database_name = current_database()",
        [schema, table],
    ).fetchall()
    return {str(name): str(data_type) for name, data_type in rows}


def _literal(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    return quote(str(value))


def copy_published(con: duckdb.DuckDBPyConnection, database: Path) -> None:
    """``published.<table>``: the tables of a built version, which keep every rule."""
    con.execute("create schema published")
    con.execute(f"attach {quote(database)} as built (read_only)")
    for (name,) in con.execute("select table_name from duckdb_tables() where database_name = 'built'").fetchall():
        con.execute(f"create table published.{identifier(name)} as select * from built.{identifier(name)}")
    con.execute("detach built")
