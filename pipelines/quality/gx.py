"""Great Expectations on DuckDB, in place: the only module that imports it.

Belongs here: running suites against tables of one DuckDB file and turning the answers into plain results, and the
two things the library lacks for DuckDB. Stays out: which suites, where they live, and what a failure stops.

Importing the library takes several seconds, so it is imported inside the function that needs it. One context, one
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
    """One table to check: ``relation`` is ``schema.table`` in the file, ``suite`` what to check, or why there is none."""

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
        for target in targets:
            if isinstance(target.suite, SuiteError):
                results.append(_stopped(layer, target, "suite_present", "Every table has checks.", str(target.suite)))
            elif (rows := _count_rows(datasource, target.relation)) is None:
                why = "The table that is to be checked exists."
                results.append(_stopped(layer, target, "table_present", why, f"{target.relation} does not exist"))
            else:
                results += _validate_table(datasource, target, target.suite, layer, parameters, rows)
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
    datasource: Any,
    target: Target,
    suite: Suite,
    layer: str,
    parameters: Mapping[str, str],
    rows: int,
) -> list[CheckResult]:
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
    return [_result(answers[number], item, target.table, layer, rows) for number, item in enumerate(suite.items)]


def _ask(batch: Any, expectations: Sequence[Any]) -> dict[int, Any]:
    """Answers by the number each expectation carries, because they come in the library's order."""
    import great_expectations as gx

    checks = gx.ExpectationSuite(name="checks", expectations=list(expectations))
    answers = batch.validate(checks, result_format=RESULT_FORMAT).results
    return {answer.expectation_config.meta["item"]: answer for answer in answers}


def _expectation(item: Item, parameters: Mapping[str, str], number: int, table: str) -> Any:
    from great_expectations.exceptions import ExpectationNotFoundError
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


def _count_rows(datasource: Any, table: str) -> int | None:
    import sqlalchemy

    schema, _, name = table.partition(".")
    exists = sqlalchemy.text(
        "select count(*) from information_schema.tables where table_schema = :schema and table_name = :name"
    )
    with datasource.get_execution_engine().engine.connect() as connection:
        if not connection.execute(exists, {"schema": schema, "name": name}).scalar_one():
            return None
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

    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    _teach_duckdb()
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
            store_backend_defaults=InMemoryStoreBackendDefaults(),
        ),
    )
    datasource = context.data_sources.add_sql(
        "file",
        connection_string=f"duckdb:///{database}",
        kwargs={"connect_args": {"read_only": True, "config": dict(config)}},
        create_temp_table=False,
    )
    engine = datasource.get_execution_engine().engine
    sqlalchemy.event.listen(engine, "after_cursor_execute", _buffer_rows)
    try:
        yield datasource
    finally:
        datasource.get_execution_engine().close()
        datasource.get_engine().dispose()


def _buffer_rows(_connection: Any, cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    """Take the rows over before the connection goes back to the pool: with it DuckDB's result would be gone."""
    from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

    if context.cursor_fetch_strategy is not None and cursor.description:
        context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(cursor, initial_buffer=cursor.fetchall())


def _teach_duckdb() -> None:
    """Register the regex and LIKE metrics for DuckDB, and a query metric that fetches no rows.

    The library knows how to match a pattern dialect by dialect, and DuckDB is not among them. A metric is registered
    by defining its class; the later definition wins.
    """
    import sqlalchemy as sa
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.metrics.map_metric_provider import (
        ColumnMapMetricProvider,
        column_condition_partial,
    )
    from great_expectations.expectations.metrics.metric_provider import metric_value
    from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider

    on_sql = column_condition_partial(engine=SqlAlchemyExecutionEngine)

    def matches(column: Any, regex: str) -> Any:
        return sa.func.regexp_matches(column, sa.literal(regex))

    def like(column: Any, pattern: str, escape: str | None) -> Any:
        return column.like(sa.literal(pattern), escape=escape)

    def combined(conditions: Sequence[Any], match_on: str) -> Any:
        return sa.and_(*conditions) if match_on == "all" else sa.or_(*conditions)

    class MatchRegex(ColumnMapMetricProvider):  # type: ignore[misc]
        condition_metric_name = "column_values.match_regex"
        condition_value_keys = ("regex",)

        @on_sql
        def _sqlalchemy(cls, column: Any, regex: str, **_: Any) -> Any:  # noqa: N805
            return matches(column, regex)

    class NotMatchRegex(ColumnMapMetricProvider):  # type: ignore[misc]
        condition_metric_name = "column_values.not_match_regex"
        condition_value_keys = ("regex",)

        @on_sql
        def _sqlalchemy(cls, column: Any, regex: str, **_: Any) -> Any:  # noqa: N805
            return sa.not_(matches(column, regex))

    class MatchRegexList(ColumnMapMetricProvider):  # type: ignore[misc]
        condition_metric_name = "column_values.match_regex_list"
        condition_value_keys = ("regex_list", "match_on")
        default_kwarg_values = {"match_on": "any"}  # noqa: RUF012

        @on_sql
        def _sqlalchemy(cls, column: Any, regex_list: Sequence[str], match_on: str, **_: Any) -> Any:  # noqa: N805
            return combined([matches(column, regex) for regex in regex_list], match_on)

    class NotMatchRegexList(ColumnMapMetricProvider):  # type: ignore[misc]
        condition_metric_name = "column_values.not_match_regex_list"
        condition_value_keys = ("regex_list",)

        @on_sql
        def _sqlalchemy(cls, column: Any, regex_list: Sequence[str], **_: Any) -> Any:  # noqa: N805
            return sa.not_(sa.or_(*(matches(column, regex) for regex in regex_list)))

    class MatchLike(ColumnMapMetricProvider):  # type: ignore[misc]
        condition_metric_name = "column_values.match_like_pattern"
        condition_value_keys = ("like_pattern", "escape")

        @on_sql
        def _sqlalchemy(cls, column: Any, like_pattern: str, escape: str | None = None, **_: Any) -> Any:  # noqa: N805
            return like(column, like_pattern, escape)

    class NotMatchLike(ColumnMapMetricProvider):  # type: ignore[misc]
        condition_metric_name = "column_values.not_match_like_pattern"
        condition_value_keys = ("like_pattern", "escape")

        @on_sql
        def _sqlalchemy(cls, column: Any, like_pattern: str, escape: str | None = None, **_: Any) -> Any:  # noqa: N805
            return sa.not_(like(column, like_pattern, escape))

    class MatchLikeList(ColumnMapMetricProvider):  # type: ignore[misc]
        condition_metric_name = "column_values.match_like_pattern_list"
        condition_value_keys = ("like_pattern_list", "match_on", "escape")
        default_kwarg_values = {"match_on": "any"}  # noqa: RUF012

        @on_sql
        def _sqlalchemy(  # noqa: N805
            cls, column: Any, like_pattern_list: Sequence[str], match_on: str, escape: str | None = None, **_: Any
        ) -> Any:
            return combined([like(column, pattern, escape) for pattern in like_pattern_list], match_on)

    class NotMatchLikeList(ColumnMapMetricProvider):  # type: ignore[misc]
        condition_metric_name = "column_values.not_match_like_pattern_list"
        condition_value_keys = ("like_pattern_list", "escape")

        @on_sql
        def _sqlalchemy(  # noqa: N805
            cls, column: Any, like_pattern_list: Sequence[str], escape: str | None = None, **_: Any
        ) -> Any:
            return sa.not_(sa.or_(*(like(column, pattern, escape) for pattern in like_pattern_list)))

    class NoRows(QueryMetricProvider):  # type: ignore[misc]
        """The rows a query finds are counted by another metric; fetching them too would copy data for nothing."""

        metric_name = "unexpected_rows_query.table"
        value_keys = ("unexpected_rows_query",)
        query_param_name = "unexpected_rows_query"

        @metric_value(engine=SqlAlchemyExecutionEngine)
        def _sqlalchemy(cls, **_: Any) -> list[Any]:  # noqa: N805
            return []
