# ruff: noqa: PLC0415 - the library is imported where it is used: see below
"""Great Expectations on DuckDB, in place: with ``gx_duckdb`` the only module that imports it.

Belongs here: running suites against tables of one DuckDB file and turning the answers into plain results. Stays out:
what the library lacks for DuckDB (``gx_duckdb``), which suites there are, and what a failure stops.

Importing the library takes several seconds, so it is imported inside the functions that need it. One context, one
engine and one connection serve all tables of a call. No row is pulled out of the database and no value of the data
gets into a result. Everything is closed before the call returns, because the next step may want to write the file.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.quality.results import CheckResult
from pipelines.quality.suites import QUERY_TYPE, Item, Suite, SuiteError
from pipelines.warehouse import relation

RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
"""Any other format copies sample values, personal data among them, into the result."""

MESSAGE_LENGTH = 300


@dataclass(frozen=True)
class Target:
    """One table to check: ``relation`` is its ``schema.table``, ``suite`` what to check, or why there is none."""

    table: str
    relation: str
    suite: Suite | SuiteError


def validate(
    database: Path,
    targets: Sequence[Target],
    *,
    layer: str,
    parameters: Mapping[str, str],
    memory_limit: str,
    threads: int,
    temp_directory: Path,
) -> list[CheckResult]:
    """Check tables of one DuckDB file against their suites, in one pass with one connection, read-only.

    Returns one result per item, in the order of targets and items; a missing suite or table is one failed result.
    Nobody may hold the file for writing meanwhile.

    Raises:
        SuiteError: an item names a type, an argument or a parameter that does not exist.
    """
    config = {"memory_limit": memory_limit, "threads": threads, "temp_directory": str(temp_directory)}
    results: list[CheckResult] = []
    with _datasource(database, config) as datasource:
        present = _present(datasource)
        for target in targets:
            if isinstance(target.suite, SuiteError):
                results.append(_stopped(layer, target, "suite_present", "Every table has checks.", str(target.suite)))
            elif target.relation not in present:
                why = "The table that is to be checked exists."
                results.append(_stopped(layer, target, "table_present", why, f"{target.relation} does not exist"))
            else:
                rows = _count_rows(datasource, target.relation)
                answered = _validate_table(datasource, target, target.suite, parameters)
                results += [_result(answer, item, target.table, layer, rows) for item, answer in answered]
    return results


def _stopped(layer: str, target: Target, check_type: str, why: str, message: str) -> CheckResult:
    return CheckResult(
        layer=layer,
        table=target.table,
        check_type=check_type,
        severity="error",
        why=why,
        status="failed",
        message=message,
    )


def _validate_table(
    datasource: Any, target: Target, suite: Suite, parameters: Mapping[str, str]
) -> Iterator[tuple[Item, Any]]:
    """Every item of the suite with the library's answer."""
    schema, _, name = target.relation.partition(".")
    asset = datasource.add_table_asset(target.relation, table_name=name, schema_name=schema)
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    numbered = {number: _expectation(item, parameters, number, suite.table) for number, item in enumerate(suite.items)}
    answers = _ask(batch, list(numbered.values()))
    # The library asks many things in one query, so one wrong check takes its neighbours down: ask those again alone.
    erred = [number for number, answer in answers.items() if _exception(answer.exception_info)]
    if len(erred) > 1:
        for number in erred:
            answers |= _ask(batch, [numbered[number]])
    # The library writes all it was ever told of a file anew with each table: a thousand tables, a million lines.
    datasource.assets.clear()
    yield from ((item, answers[number]) for number, item in enumerate(suite.items))


def _ask(batch: Any, expectations: Sequence[Any]) -> dict[int, Any]:
    """Answers by the number each expectation carries, because they come in the library's order."""
    import great_expectations as gx

    checks = gx.ExpectationSuite(name="checks", expectations=list(expectations))
    answers = batch.validate(checks, result_format=RESULT_FORMAT).results
    return {answer.expectation_config.meta["item"]: answer for answer in answers}


def _expectation(item: Item, parameters: Mapping[str, str], number: int, table: str) -> Any:
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import get_expectation_impl

    where = f"suite of {table}, item {number + 1} ({item.type})"
    try:
        kind = get_expectation_impl(item.type)
    except ExpectationNotFoundError as error:
        raise SuiteError(f"{where}: Great Expectations has no such type") from error
    try:
        return kind(**item.filled(parameters), meta={"item": number})
    except ValueError as error:
        raise SuiteError(f"{where}: {error}") from error


def _result(answer: Any, item: Item, table: str, layer: str, rows: int) -> CheckResult:
    message = _exception(answer.exception_info)
    numbers = answer.result
    observed = numbers.get("observed_value")
    observed = float(observed) if isinstance(observed, int | float) and not isinstance(observed, bool) else None
    unexpected = observed if item.type == QUERY_TYPE else None
    if "element_count" in numbers:  # rows were judged; other counts are of distinct values
        unexpected = numbers.get("unexpected_count") or 0
    return CheckResult(
        layer=layer,
        table=table,
        check_type=item.type,
        severity=item.severity,
        why=item.why,
        status="error" if message else "passed" if answer.success else "failed",
        columns=item.columns,
        kwargs=dict(item.kwargs),
        n_checked=numbers.get("element_count", rows) - (numbers.get("missing_count") or 0),
        n_unexpected=None if unexpected is None else int(unexpected),
        observed=None if item.type == QUERY_TYPE else observed,
        message=message,
    )


def _exception(info: Mapping[str, Any]) -> str:
    """First line of what went wrong, or nothing; quoted texts are cut out, for they may be values of the data."""
    parts = [info] if "raised_exception" in info else list(info.values())
    messages = [str(part.get("exception_message")) for part in parts if part.get("raised_exception")]
    if not messages:
        return ""
    first_line = messages[0].strip().splitlines()[0]
    return re.sub(r"'[^']*'|\"[^\"]*@[^\"]*\"", "'…'", first_line)[:MESSAGE_LENGTH]


def _present(datasource: Any) -> set[str]:
    """Every table and view of the file as ``schema.table``; asked once, for a long catalogue is slow to search."""
    import sqlalchemy

    listed = sqlalchemy.text("select table_schema || '.' || table_name from information_schema.tables")
    with datasource.get_execution_engine().engine.connect() as connection:
        return set(connection.execute(listed).scalars())


def _count_rows(datasource: Any, table: str) -> int:
    import sqlalchemy

    with datasource.get_execution_engine().engine.connect() as connection:
        return int(connection.execute(sqlalchemy.text(f"select count(*) from {relation(table)}")).scalar_one())


@contextmanager
def _datasource(database: Path, config: Mapping[str, object]) -> Iterator[Any]:
    """A SQL datasource on the file, quiet, offline and read-only, closed at the end."""
    import great_expectations as gx
    import sqlalchemy
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    # Before the next import: it registers metrics over the library's own, which the library warns of.
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    from pipelines.quality import gx_duckdb

    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
            store_backend_defaults=InMemoryStoreBackendDefaults(),
        ),
    )
    options: dict[str, Any] = {"kwargs": {"connect_args": {"read_only": True, "config": dict(config)}}}
    datasource = context.data_sources.add_sql(
        "file", connection_string=f"duckdb:///{database}", create_temp_table=False, **options
    )
    engine = datasource.get_execution_engine().engine
    sqlalchemy.event.listen(engine, "after_cursor_execute", gx_duckdb.buffer_rows)
    try:
        yield datasource
    finally:
        datasource.get_execution_engine().close()
        datasource.get_engine().dispose()
