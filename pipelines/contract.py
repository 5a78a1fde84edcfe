"""Landing contracts: what each export must look like, read from the dbt sources YAML.

Belongs here: the typed, frozen reading of ``models/staging/<system>/_<system>__sources.yml`` and its strict checks.
Stays out: opening any export, and any second definition of a schema. Landing, the warehouse's raw relations, Dagster's
column schemas, the quality suites, the probe for personal data and the docs all read these objects.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pipelines.files import read_yaml
from pipelines.settings import PROJECT_ROOT

SCALAR_TYPES = ("varchar", "boolean", "integer", "bigint", "double", "date", "timestamp", "json")
"""Scalar types a column may have beside ``decimal(p,s)``; Parquet tables may also use struct, map and list types."""

RESERVED_COLUMNS = ("_batch_id", "_row_number", "_loaded_at")
"""Columns landing adds to every raw relation."""

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_DECIMAL = re.compile(r"decimal\((\d{1,2}), ?(\d{1,2})\)")
_NESTED = re.compile(r"(struct\(.+\)|map\(.+\))(\[\])*|.+\[\]", re.DOTALL)

PiiClass = Literal["direct", "quasi", "text"]
FileFormat = Literal["csv", "jsonl", "json", "parquet"]
ParseRule = Literal["epoch_s", "epoch_ms", "epoch_us", "money"]


class ContractError(ValueError):
    """A landing contract is missing or wrong; the message names file, table and column and says what is allowed."""


def _iana(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{value!r} is not an IANA time zone such as Europe/Berlin") from error
    return value


def _iso_4217(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError(f"{value!r} is not an ISO 4217 code such as EUR")
    return value


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


TimeZone = Annotated[str, AfterValidator(_iana)]
Currency = Annotated[str, AfterValidator(_iso_4217)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Lenient(BaseModel):
    """dbt's own keys (tests, freshness, tags …) are dbt's to check; only ``meta`` is ours."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class CsvOptions(_Strict):
    """How a delimited file is written. ``line_suffix`` ends every line before its newline, as in ``a+|b&|``."""

    delimiter: str = Field(default=",", min_length=1, max_length=4)
    quote: str = Field(default='"', max_length=1)
    escape: str | None = Field(default=None, max_length=1)
    encoding: Literal["utf-8", "latin-1", "utf-16"] = "utf-8"
    header: bool = True
    skip_after_header: int = Field(default=0, ge=0)
    line_suffix: str = ""
    null_values: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = Field(default=(), strict=False)


class JsonOptions(_Strict):
    """Where the records are in a wrapped document: the dotted path of their array; empty for a top-level array."""

    records: str = ""


class _ColumnMeta(_Strict):
    required: bool = False
    pii: PiiClass | None = None
    source_name: str | None = None
    path: str | None = None
    parse: ParseRule | None = None
    format: str | None = None
    time_zone: TimeZone | None = None
    record: str | None = Field(default=None, pattern="^[a-z_]+$")


class _TableMeta(_Strict):
    file: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = Field(min_length=1, strict=False)
    format: FileFormat
    key: tuple[str, ...] = Field(strict=False)
    version_column: str | None = None
    event_time: str | None = None
    csv: CsvOptions = CsvOptions()
    json_: JsonOptions = Field(default=JsonOptions(), alias="json")


class _SourceMeta(_Strict):
    owner: str
    time_zone: TimeZone
    currency: Currency | None = None
    reporting_currency: Currency | None = None
    reporting_time_zone: TimeZone | None = None


class _ColumnConfig(_Lenient):
    meta: _ColumnMeta = _ColumnMeta()


class _ColumnYaml(_Lenient):
    name: str
    description: str = Field(min_length=1)
    data_type: str
    config: _ColumnConfig = _ColumnConfig()


class _TableConfig(_Lenient):
    meta: _TableMeta


class _TableYaml(_Lenient):
    name: str
    identifier: str
    description: str = Field(min_length=1)
    config: _TableConfig
    columns: list[_ColumnYaml] = Field(min_length=1)


class _SourceConfig(_Lenient):
    meta: _SourceMeta


class _SourceYaml(_Lenient):
    name: str
    schema_: Literal["raw"] = Field(alias="schema")
    description: str = Field(min_length=1)
    config: _SourceConfig
    tables: list[_TableYaml] = Field(min_length=1)


class _Document(_Lenient):
    sources: list[_SourceYaml] = Field(min_length=1, max_length=1)


class Column(_Strict):
    """One column of a raw relation.

    ``source_name`` is its name in the file; ``path`` the dotted JSON path where that differs from a top-level key;
    ``time_zone`` the zone of its naive stamps (the source's, unless the column says otherwise).
    """

    name: str
    description: str
    data_type: str
    source_name: str
    time_zone: str
    required: bool = False
    pii: PiiClass | None = None
    path: str | None = None
    parse: ParseRule | None = None
    format: str | None = None
    record: str | None = None

    @property
    def storage_type(self) -> str:
        """The type in Parquet and DuckDB: JSON stays text, so that Spark reads the same files."""
        return "varchar" if self.data_type == "json" else self.data_type

    @property
    def is_nested(self) -> bool:
        return self.data_type.endswith("[]") or self.data_type.startswith(("struct(", "map("))


class Table(_Strict):
    """One table of a source: where its files are, how they are written, and its columns in order."""

    system: str
    name: str
    description: str
    files: tuple[str, ...]
    format: FileFormat
    key: tuple[str, ...]
    version_column: str | None
    event_time: str | None
    csv: CsvOptions
    json_records: str
    columns: tuple[Column, ...]

    @property
    def relation_name(self) -> str:
        """Name within schema ``raw``: ``<system>__<table>``."""
        return f"{self.system}__{self.name}"

    @property
    def contract_hash(self) -> str:
        """Changes when, and only when, the same bytes could land differently: descriptions and tags do not count."""
        told = self.model_dump(mode="json", exclude={"description", "files", "key", "version_column"})
        for column in told["columns"]:
            del column["description"], column["pii"], column["record"]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def column(self, name: str) -> Column:
        """The column called ``name``; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.relation_name} has no column {name!r}")

    def matches(self, relative_path: str) -> bool:
        """Whether a path relative to the landing folder (``/`` between folders) belongs to this table."""
        return any(fnmatch.fnmatchcase(relative_path, pattern) for pattern in self.files)


class Contract(_Strict):
    """One system's landing contract."""

    system: str
    description: str
    path: str
    owner: str
    time_zone: str
    currency: str | None
    reporting_currency: str | None
    reporting_time_zone: str | None
    tables: tuple[Table, ...]

    def table(self, name: str) -> Table:
        """The table called ``name``; KeyError where there is none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(f"{self.system} has no table {name!r}")


def load_contract(system: str, project_root: Path = PROJECT_ROOT) -> Contract:
    """Read and check one system's contract.

    Raises:
        ContractError: the file is missing, is not YAML, or says something the grammar does not know.
    """
    relative = Path("dbt_project") / "models" / "staging" / system / f"_{system}__sources.yml"
    path = project_root / relative
    try:
        document = read_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ContractError(f"{relative} does not exist: every enabled system needs a landing contract") from error
    except yaml.YAMLError as error:
        raise ContractError(f"{relative} is not valid YAML: {' '.join(str(error).split())}") from error
    try:
        source = _Document.model_validate(document).sources[0]
    except ValidationError as error:
        raise ContractError(_explain(relative, document, error)) from error
    if source.name != system:
        raise ContractError(f"{relative}: the source is called {source.name!r}; call it {system!r}, like its folder")
    meta = source.config.meta
    contract = Contract(
        system=system,
        description=source.description,
        path=relative.as_posix(),
        owner=meta.owner,
        time_zone=meta.time_zone,
        currency=meta.currency,
        reporting_currency=meta.reporting_currency,
        reporting_time_zone=meta.reporting_time_zone,
        tables=tuple(_table(relative, system, table, meta.time_zone) for table in source.tables),
    )
    names = [table.name for table in contract.tables]
    if repeated := _repeated(names):
        raise ContractError(f"{relative}: table {repeated!r} is declared twice")
    return contract


def load_contracts(systems: Sequence[str], project_root: Path = PROJECT_ROOT) -> dict[str, Contract]:
    """The contracts of several systems, in the order given."""
    return {system: load_contract(system, project_root) for system in systems}


def _table(file: Path, system: str, table: _TableYaml, time_zone: str) -> Table:
    meta = table.config.meta
    where = f"{file}, table {table.name}"
    if table.identifier != f"{system}__{table.name}":
        raise ContractError(f"{where}: identifier is {table.identifier!r}; it must be '{system}__{table.name}'")
    columns = tuple(_column(where, meta.format, column, time_zone) for column in table.columns)
    names = [column.name for column in columns]
    if repeated := _repeated(names):
        raise ContractError(f"{where}: column {repeated!r} is declared twice")
    if repeated := _repeated([column.path or column.source_name for column in columns]):
        raise ContractError(f"{where}: two columns read {repeated!r} from the file; declare it once")
    for role, wanted in (
        ("key", meta.key),
        ("version_column", (meta.version_column,)),
        ("event_time", (meta.event_time,)),
    ):
        for name in wanted:
            if name is not None and name not in names:
                raise ContractError(f"{where}: {role} names {name!r}, which is not a column of the table")
    if meta.event_time:
        event_type = columns[names.index(meta.event_time)].data_type
        if event_type not in ("date", "timestamp"):
            raise ContractError(
                f"{where}, column {meta.event_time}: event_time must be a date or timestamp, not {event_type}"
            )
    return Table(
        system=system,
        name=table.name,
        description=table.description,
        files=meta.file,
        format=meta.format,
        key=meta.key,
        version_column=meta.version_column,
        event_time=meta.event_time,
        csv=meta.csv,
        json_records=meta.json_.records,
        columns=columns,
    )


def _column(where: str, file_format: FileFormat, column: _ColumnYaml, time_zone: str) -> Column:
    meta = column.config.meta
    where = f"{where}, column {column.name}"
    if not _NAME.fullmatch(column.name):
        raise ContractError(f"{where}: names are lower case letters, digits and underscores")
    if column.name in RESERVED_COLUMNS:
        raise ContractError(f"{where}: the name is reserved for landing; choose another and say source_name")
    data_type = _data_type(where, column.data_type)
    result = Column(
        name=column.name,
        description=column.description,
        data_type=data_type,
        source_name=meta.source_name or column.name,
        time_zone=meta.time_zone or time_zone,
        required=meta.required,
        pii=meta.pii,
        path=meta.path,
        parse=meta.parse,
        format=meta.format,
        record=meta.record,
    )
    if result.is_nested and file_format != "parquet":
        raise ContractError(f"{where}: nested types are for parquet; declare json for {file_format}")
    if meta.path and file_format not in ("json", "jsonl"):
        raise ContractError(f"{where}: path is for json and jsonl; use source_name for {file_format}")
    if meta.parse and meta.parse.startswith("epoch") and data_type != "timestamp":
        raise ContractError(f"{where}: parse {meta.parse} makes a timestamp, but data_type is {data_type}")
    if meta.parse == "money" and not (data_type.startswith("decimal") or data_type in ("double", "bigint", "integer")):
        raise ContractError(f"{where}: parse money makes a number, but data_type is {data_type}")
    if meta.format and data_type not in ("date", "timestamp"):
        raise ContractError(f"{where}: format is for date and timestamp, but data_type is {data_type}")
    if meta.format and meta.parse:
        raise ContractError(f"{where}: format and parse exclude each other")
    return result


def _data_type(where: str, declared: str) -> str:
    data_type = " ".join(declared.lower().split())
    if data_type in SCALAR_TYPES or _NESTED.fullmatch(data_type):
        return data_type
    decimal = _DECIMAL.fullmatch(data_type)
    if decimal and 1 <= int(decimal[1]) <= 38 and int(decimal[2]) <= int(decimal[1]):
        return f"decimal({decimal[1]},{decimal[2]})"
    raise ContractError(
        f"{where}: data_type {declared!r} is not known;"
        f" use {', '.join(SCALAR_TYPES)}, decimal(p,s) or, in parquet, a nested type"
    )


def _repeated(names: Sequence[str]) -> str | None:
    return next((name for position, name in enumerate(names) if name in names[:position]), None)


_LISTS = {"sources": "source", "tables": "table", "columns": "column"}


def _explain(file: Path, document: Any, error: ValidationError) -> str:
    """One sentence for the first error, with table and column by name rather than by position."""
    first = error.errors(include_url=False)[0]
    places, node = [str(file)], document
    keys: list[str] = []
    for part in first["loc"]:
        node = _step(node, part)
        if isinstance(part, str):
            keys.append(part)
        elif keys and keys[-1] in _LISTS:
            name = node.get("name", part) if isinstance(node, dict) else part
            places += [f"{_LISTS[keys[-1]]} {name}"] if keys[-1] != "sources" else []
            keys = []
    where, key = ", ".join(places), ".".join(keys)
    rule = {"extra_forbidden": "is not a known key", "missing": "is missing"}.get(first["type"])
    message = rule or first["msg"].removeprefix("Value error, ")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {key + ' ' if rule else (key + ': ' if key else '')}{message}{more}"


def _step(node: Any, part: str | int) -> Any:
    try:
        return node[part]
    except (KeyError, IndexError, TypeError):
        return None
