"""Every model, rendered with the Spark half of the engine macros, parses as Spark SQL and calls only functions Spark has."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
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

SPARK_FUNCTIONS = {
    "array_size", "array_sort", "bool_and", "bool_or", "from_json", "get", "get_json_object", "inline", "instr", "max_by",
    "min_by", "nullif", "rlike", "split_part", "substr", "timestamp_micros", "to_utc_timestamp", "unix_micros", "xxhash64",
}  # fmt: skip
"""Functions of Spark 3.5 the parser has no class for; a name that is neither here nor known to the parser fails."""


class Adapter:
    """Gives the Spark half of a macro, as dbt would with the Spark adapter."""

    def __init__(self, macros: Callable[[str], Any]) -> None:
        self.macros = macros

    def dispatch(self, name: str, *_: str) -> Any:
        return self.macros(f"spark__{name}")


def render(path: Path) -> str:
    """The SQL of a model for Spark. dbt's own functions stand in by name; every system is enabled."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in sorted((DBT / "macros").rglob("*.sql")))
    # what reads dbt's graph is answered below
    text = re.sub(r"\{% macro landing_contracts\(\).*?endmacro %\}", "", text, flags=re.DOTALL)
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined)
    contract = {"key": ["key_column"], "version_column": "version_column", "currency": "EUR"}
    declared = yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))["models"][0]["columns"]
    settings = {"JOURNEYLINE_SOURCES": ",".join(known_systems())}
    environment.globals.update(
        adapter=Adapter(lambda name: getattr(module, name)),
        ref=lambda name: name,
        source=lambda system, table: f"raw.{system}__{table}",
        config=lambda **_: "",
        env_var=lambda name, default="": settings.get(name, default),
        var=lambda name, default=1: default,
        execute=True,
        is_incremental=lambda: True,
        this=path.stem,
        tojson=json.dumps,
        landing_contracts=lambda: _Always(contract),
        model={"columns": {column["name"]: column for column in declared}},
        target={"type": "spark"},
    )
    environment.globals["return"] = lambda value: value
    module = environment.from_string(text).make_module()
    macros = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    return environment.from_string(path.read_text(encoding="utf-8")).render(**macros)


class _Always(dict[str, Any]):
    """The same contract for whatever table is asked for."""

    def __init__(self, contract: dict[str, Any]) -> None:
        super().__init__()
        self.contract = contract

    def get(self, _key: str, _default: Any = None) -> Any:
        return self.contract

    def __missing__(self, _key: str) -> Any:
        return self.contract


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_is_spark_sql(path: Path) -> None:
    tree = sqlglot.parse_one(render(path), read="spark", error_level=sqlglot.ErrorLevel.RAISE)
    unknown = {call.name.lower() for call in tree.find_all(exp.Anonymous)} - SPARK_FUNCTIONS
    assert not unknown
