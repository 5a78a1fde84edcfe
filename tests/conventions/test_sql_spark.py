"""Every model, rendered with the Spark half of the engine macros, is Spark SQL and calls only functions Spark has."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
import pytest
import sqlglot
import yaml  # type: ignore[import-untyped]
from sqlglot import exp

from pipelines.settings import PROJECT_ROOT, known_systems

DBT = PROJECT_ROOT / "dbt_project"
MODELS = sorted(DBT.glob("models/**/*.sql"))

SPARK_FUNCTIONS = {"get", "xxhash64", "timestamp_micros", "weekday"}
"""Functions of Spark 3.5 the parser has no class for; a name that is neither here nor known to the parser fails."""


class Adapter:
    """Gives the Spark half of a macro, as dbt would with the Spark adapter."""

    macros: Any = None

    def dispatch(self, name: str, *_: str) -> Any:
        return getattr(self.macros, f"spark__{name}")


class Contracts(dict[str, Any]):
    """The same landing contract for whatever table is asked for."""

    def get(self, _key: str, _default: Any = None) -> Any:
        return {"key": ["key_column"], "version_column": "version_column", "currency": "EUR"}

    __getitem__ = get


@dataclass
class Model:
    """The model being rendered, as far as macros read it."""

    name: str = ""
    package_name: str = "journeyline"
    columns: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


CURRENT = Model()


@lru_cache(maxsize=1)
def environment() -> tuple[jinja2.Environment, dict[str, Any]]:
    """Jinja with dbt's own functions standing in by name, every system enabled, and the project's macros loaded."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in sorted((DBT / "macros").rglob("*.sql")))
    # what reads dbt's graph is answered by Contracts
    text = re.sub(r"\{% macro landing_contracts\(\).*?endmacro %\}", "", text, flags=re.DOTALL)
    adapter = Adapter()
    jinja = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined)
    jinja.globals.update(
        adapter=adapter,
        ref=lambda name: name,
        source=lambda system, table: f"raw.{system}__{table}",
        config=lambda **_: "",
        env_var=lambda _name, _default="": ",".join(known_systems()),
        var=lambda _name, default=1: default,
        execute=True,
        is_incremental=lambda: True,
        graph={},
        this=CURRENT,
        model=CURRENT,
        tojson=json.dumps,
        landing_contracts=Contracts,
        target={"type": "spark"},
    )
    jinja.globals["return"] = lambda value: value
    adapter.macros = jinja.from_string(text).make_module()
    return jinja, {name: value for name, value in vars(adapter.macros).items() if not name.startswith("_")}


def render(path: Path) -> str:
    """The SQL of a model for Spark."""
    described = yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))["models"][0]
    CURRENT.name, CURRENT.columns = path.stem, {column["name"]: column for column in described["columns"]}
    jinja, macros = environment()
    return jinja.from_string(path.read_text(encoding="utf-8")).render(**macros)


def offences(sql: str) -> list[str]:
    """What Spark 3.5 would refuse."""
    tree = sqlglot.parse_one(sql, read="spark", error_level=sqlglot.ErrorLevel.RAISE)
    unknown = {call.name.lower() for call in tree.find_all(exp.Anonymous)} - SPARK_FUNCTIONS
    return [f"function {name}" for name in sorted(unknown)]


def test_the_check_sees_what_spark_refuses() -> None:
    assert offences("select list_transform(a, b) from t") == ["function list_transform"]
    assert offences("select transform(b, x -> x.c) from t lateral view explode(c) as d") == []
    with pytest.raises(sqlglot.errors.ParseError):
        offences("select a from t where (b")


def all_with_all(sql: str) -> list[str]:
    """Conditions of left joins for which DuckDB compares every row with every row.

    One that does not name the joined table: put the constant on the joined side as a column. One that ties both sides
    with an ``or``: give a null its value before the join.
    """
    tree = sqlglot.parse_one(sql, read="spark")
    found = []
    for join in tree.find_all(exp.Join):
        if join.side.upper() != "LEFT" or join.args.get("on") is None:
            continue
        conditions = join.args["on"].flatten() if isinstance(join.args["on"], exp.And) else [join.args["on"]]
        for condition in conditions:
            tables = {column.table for column in condition.find_all(exp.Column)}
            joined = join.this.alias_or_name
            if joined not in tables or (condition.find(exp.Or) and tables - {joined}):
                found.append(condition.sql())
    return found


def test_the_check_sees_a_condition_that_compares_all_with_all() -> None:
    sql = "select a.x from a left join b on a.kind = 'phone' and a.id = b.id and b.day = 1"
    assert all_with_all(sql) == ["a.kind = 'phone'"]
    sql = "select a.x from a left join b on a.id = b.id and (b.x = 1 or b.y = 2) and (a.day < b.day or b.day is null)"
    assert all_with_all(sql) == ["a.day < b.day OR b.day IS NULL"]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_no_left_join_compares_all_with_all(path: Path) -> None:
    assert all_with_all(render(path)) == []


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_is_spark_sql(path: Path) -> None:
    assert not offences(render(path))
