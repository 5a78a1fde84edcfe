# ruff: noqa: N805 - the library calls these functions with its class, not with an instance
"""What Great Expectations lacks for DuckDB.

Belongs here: buffering results, the pattern metrics, a table's columns asked of the table, and a query metric that
fetches nothing. Stays out: everything else; ``gx`` imports this module only when a suite is run, because it imports
the library.

The library matches patterns dialect by dialect, and DuckDB is not among them. A metric is registered by defining its
class; the later definition wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

ANY_UNLESS_TOLD = {"match_on": "any"}
WITH_NESTED = {"include_nested": True}

on_sql = column_condition_partial(engine=SqlAlchemyExecutionEngine)


def buffer_rows(_connection: Any, cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    """Take the rows over before the connection goes back to the pool: with it DuckDB's result would be gone.

    The library reads a result after it has given the connection back ("list index out of range").
    """
    if cursor.description:
        context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(cursor, initial_buffer=cursor.fetchall())


def _matches(column: Any, regex: str) -> Any:
    return sa.func.regexp_matches(column, sa.literal(regex))


def _like(column: Any, pattern: str, escape: str | None) -> Any:
    return column.like(sa.literal(pattern), escape=escape)


def _combined(conditions: Sequence[Any], match_on: str) -> Any:
    return sa.and_(*conditions) if match_on == "all" else sa.or_(*conditions)


class MatchRegex(ColumnMapMetricProvider):
    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @on_sql
    def _sqlalchemy(cls, column: Any, regex: str, **_: Any) -> Any:
        return _matches(column, regex)


class NotMatchRegex(ColumnMapMetricProvider):
    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @on_sql
    def _sqlalchemy(cls, column: Any, regex: str, **_: Any) -> Any:
        return sa.not_(_matches(column, regex))


class MatchRegexList(ColumnMapMetricProvider):
    condition_metric_name = "column_values.match_regex_list"
    condition_value_keys = ("regex_list", "match_on")
    default_kwarg_values = ANY_UNLESS_TOLD

    @on_sql
    def _sqlalchemy(cls, column: Any, regex_list: Sequence[str], match_on: str, **_: Any) -> Any:
        return _combined([_matches(column, regex) for regex in regex_list], match_on)


class NotMatchRegexList(ColumnMapMetricProvider):
    condition_metric_name = "column_values.not_match_regex_list"
    condition_value_keys = ("regex_list",)

    @on_sql
    def _sqlalchemy(cls, column: Any, regex_list: Sequence[str], **_: Any) -> Any:
        return sa.not_(sa.or_(*(_matches(column, regex) for regex in regex_list)))


class MatchLike(ColumnMapMetricProvider):
    condition_metric_name = "column_values.match_like_pattern"
    condition_value_keys = ("like_pattern", "escape")

    @on_sql
    def _sqlalchemy(cls, column: Any, like_pattern: str, escape: str | None = None, **_: Any) -> Any:
        return _like(column, like_pattern, escape)


class NotMatchLike(ColumnMapMetricProvider):
    condition_metric_name = "column_values.not_match_like_pattern"
    condition_value_keys = ("like_pattern", "escape")

    @on_sql
    def _sqlalchemy(cls, column: Any, like_pattern: str, escape: str | None = None, **_: Any) -> Any:
        return sa.not_(_like(column, like_pattern, escape))


class MatchLikeList(ColumnMapMetricProvider):
    condition_metric_name = "column_values.match_like_pattern_list"
    condition_value_keys = ("like_pattern_list", "match_on", "escape")
    default_kwarg_values = ANY_UNLESS_TOLD

    @on_sql
    def _sqlalchemy(
        cls, column: Any, like_pattern_list: Sequence[str], match_on: str, escape: str | None = None, **_: Any
    ) -> Any:
        return _combined([_like(column, pattern, escape) for pattern in like_pattern_list], match_on)


class NotMatchLikeList(ColumnMapMetricProvider):
    condition_metric_name = "column_values.not_match_like_pattern_list"
    condition_value_keys = ("like_pattern_list", "escape")

    @on_sql
    def _sqlalchemy(cls, column: Any, like_pattern_list: Sequence[str], escape: str | None = None, **_: Any) -> Any:
        return sa.not_(sa.or_(*(_like(column, pattern, escape) for pattern in like_pattern_list)))


class ColumnsOfTheTable(TableMetricProvider):
    """Names and types as binding the table tells them; the library searches the whole file for them."""

    metric_name = "table.column_types"
    value_keys = ("include_nested",)
    default_kwarg_values = WITH_NESTED

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls, execution_engine: SqlAlchemyExecutionEngine, metric_domain_kwargs: dict[str, Any], **_: Any
    ) -> list[dict[str, str]]:
        table, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        rows = sa.select(sa.text("*")).select_from(table).compile(execution_engine.engine)
        described = execution_engine.execute_query(sa.text(f"describe {rows}"))
        return [{"name": name, "type": kind} for name, kind, *_ in described.fetchall()]


class NoRows(QueryMetricProvider):
    """The rows a query finds are counted by another metric; fetching them too would copy data for nothing."""

    metric_name = "unexpected_rows_query.table"
    value_keys = ("unexpected_rows_query",)
    query_param_name = "unexpected_rows_query"

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, **_: Any) -> list[Any]:
        return []
