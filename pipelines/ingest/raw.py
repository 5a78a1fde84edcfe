"""The raw layer as relations of the warehouse, and the one-row settings of a run.

Belongs here: schema ``raw`` (a view over the batches of each table, the load manifest, the quarantine's summary) and
``raw.run_settings``. Stays out: landing files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from pipelines.contract import Contract, Table
from pipelines.ingest import manifest as manifests
from pipelines.ingest.landing import LandingError
from pipelines.ingest.manifest import LANDED
from pipelines.settings import Settings, SettingsError, utc_now
from pipelines.warehouse import identifier, quote


def register_raw(
    con: duckdb.DuckDBPyConnection, settings: Settings, contracts: Mapping[str, Contract] | Iterable[Contract]
) -> pl.DataFrame:
    """Create ``raw.<system>__<table>`` for every contract, ``raw.load_manifest`` and ``raw.quarantine_summary``.

    A table nothing was landed for is an empty view of its contract's types. Returns the manifest it was built from.

    Raises:
        LandingError: values that landed under an older contract do not fit the present one.
    """
    listed = contracts.values() if isinstance(contracts, Mapping) else contracts
    batches = [batch for batch in manifests.batches(settings) if batch.is_landed]
    con.execute("create schema if not exists raw")
    for contract in listed:
        for table in contract.tables:
            own = [b for b in batches if (b.system, b.table_name) == (table.system, table.name)]
            new = {name for batch in own for name in batch.new_columns if "." not in name}
            extras = sorted(new - {column.name for column in table.columns})
            files = [str(manifests.raw_path(settings, batch)) for batch in own]
            outdated = [
                file for file, batch in zip(files, own, strict=True) if batch.contract_hash != table.contract_hash
            ]
            _check_outdated(con, table, outdated)
            con.execute(
                f"create or replace view raw.{identifier(table.relation_name)} as {_relation(table, files, extras)}"
            )
    frame = manifests.read_manifest(settings)
    _replace(con, settings, "load_manifest", frame)
    _quarantine_summary(con, settings, frame)
    return frame


def _check_outdated(con: duckdb.DuckDBPyConnection, table: Table, files: list[str]) -> None:
    """Make sure that batches whose file is gone can be read by a contract that changed since.

    Only columns that are stored in another type than the contract's are looked at.
    """
    if not files:
        return
    relation = f"read_parquet([{', '.join(map(quote, files))}], union_by_name = true)"
    described = con.execute(f"describe select * from {relation}").fetchall()
    stored = {name: str(kind).lower() for name, kind, *_ in described}
    for column in table.columns:
        if column.is_nested or stored.get(column.name, column.storage_type) == column.storage_type:
            continue
        name = identifier(column.name)
        (lost,) = con.execute(
            f"select count(*) from {relation}"
            f" where {name} is not null and try_cast({name} as {column.storage_type}) is null"
        ).fetchone() or (0,)
        if lost:
            raise LandingError(
                f"{table.relation_name}, column {column.name}: {lost} values that landed as {stored[column.name]}"
                f" under an older contract are no {column.data_type}, and their files are gone; put the files back"
                " into the landing folder, or give the column its old type"
            )


def _relation(table: Table, files: list[str], extras: list[str]) -> str:
    """The batches by column name, over an empty relation that gives the contract's columns their names and types."""
    typed = ", ".join(f"cast(null as {column.storage_type}) as {identifier(column.name)}" for column in table.columns)
    empty = (
        f"select {typed}, cast(null as varchar) as _batch_id, cast(null as timestamp) as _loaded_at,"
        " cast(null as bigint) as _row_number, cast(null as bigint) as file_row_number where false"
    )
    picked = [f"cast({identifier(c.name)} as {c.storage_type}) as {identifier(c.name)}" for c in table.columns]
    picked += [identifier(name) for name in extras]
    picked += ["_batch_id", "coalesce(_row_number, file_row_number + 1) as _row_number", "_loaded_at"]
    rows = empty
    if files:
        listed = ", ".join(quote(file) for file in files)
        rows += (
            f" union all by name select * from read_parquet([{listed}], union_by_name = true, file_row_number = true)"
        )
    return f"select {', '.join(picked)} from ({rows})"


def _quarantine_summary(con: duckdb.DuckDBPyConnection, settings: Settings, frame: pl.DataFrame) -> None:
    """One row a batch, column and reason, with the number of values and of rows, and never a value."""
    held = frame.filter((pl.col("status") == LANDED) & (pl.col("rows_quarantined") > 0))
    names = held.select("system", "table_name", "batch_id").iter_rows()
    files = ", ".join(quote(manifests.quarantine_path(settings, *name)) for name in names)
    if files:
        rows = f"select *, parse_filename(filename, true) as batch_id from read_parquet([{files}], filename = true)"
    else:
        rows = (
            "select null::varchar as filename, null::varchar as batch_id, null::bigint as row_number,"
            " null::varchar as column_name, null::varchar as reason where false"
        )
    con.execute(f"""
        create or replace table raw.quarantine_summary as
        select
            manifest.system,
            manifest.table_name,
            batch_id,
            manifest.source_name,
            held.column_name,
            held.reason,
            count(*) as values_held,
            count(distinct held.row_number) as rows_held
        from ({rows}) as held
        inner join raw.load_manifest as manifest using (batch_id)
        where manifest.status = '{LANDED}'
            and contains(held.filename, '/' || manifest.system || '/' || manifest.table_name || '/')
        group by all
    """)


def write_run_settings(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    contracts: Mapping[str, Contract] | Iterable[Contract],
    manifest: pl.DataFrame,
    run_id: str,
) -> dict[str, object]:
    """Write ``raw.run_settings`` (one row) and return it as a mapping.

    ``as_of`` is the exclusive end of the period in UTC: the start of the day after ``as_of_date`` in the reporting
    zone.

    Raises:
        SettingsError: the enabled sources disagree on currency or zone, or 'last_event' finds no event.
    """
    listed = list(contracts.values() if isinstance(contracts, Mapping) else contracts)
    zone = settings.reporting_time_zone or _agreed(
        {c.system: c.reporting_time_zone for c in listed},
        "reporting time zone",
        "JOURNEYLINE_TIME_ZONE",
        "Europe/Berlin",
    )
    currency = settings.reporting_currency or _agreed(
        {c.system: c.reporting_currency for c in listed}, "reporting currency", "JOURNEYLINE_CURRENCY", "EUR"
    )
    as_of_date = _as_of_date(settings.as_of, zone, manifest, [c.system for c in listed])
    row: dict[str, object] = {
        "run_id": run_id,
        "company": settings.company,
        "run_at": utc_now().replace(tzinfo=None),
        "as_of": start_of_day(as_of_date + timedelta(days=1), zone),
        "as_of_date": as_of_date,
        "reporting_time_zone": zone,
        "reporting_currency": currency,
        "min_cell": settings.min_cell,
    }
    con.execute("create schema if not exists raw")
    _replace(
        con,
        settings,
        "run_settings",
        pl.DataFrame(
            [row],
            schema_overrides={
                "run_at": pl.Datetime("us"),
                "as_of": pl.Datetime("us"),
                "min_cell": pl.Int64(),
            },
        ),
    )
    return row


def start_of_day(day: date, zone: str) -> datetime:
    """The first instant of a day in a zone, as UTC without a zone."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


def _as_of_date(as_of: str, zone: str, manifest: pl.DataFrame, systems: list[str]) -> date:
    if as_of == "today":
        return utc_now().astimezone(ZoneInfo(zone)).date()
    if as_of != "last_event":
        return date.fromisoformat(as_of)
    landed = manifest.filter((pl.col("status") == LANDED) & pl.col("system").is_in(systems))
    last = landed.get_column("last_event_at").max()
    if not isinstance(last, datetime):
        raise SettingsError(
            "no event has landed, so 'last_event' gives no date;"
            " put exports into the landing folder or set JOURNEYLINE_AS_OF"
        )
    return last.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).date()


def _agreed(told: Mapping[str, str | None], what: str, variable: str, example: str) -> str:
    """The one value the enabled sources name."""
    values = {value for value in told.values() if value}
    if len(values) == 1:
        return values.pop()
    if not values:
        raise SettingsError(f"no enabled source names a {what}; set {variable}, such as {example}")
    detail = ", ".join(f"{system} {value}" for system, value in told.items() if value)
    raise SettingsError(f"the enabled sources disagree on the {what} ({detail}); set {variable}, such as {example}")


def _replace(con: duckdb.DuckDBPyConnection, settings: Settings, name: str, frame: pl.DataFrame) -> None:
    """By way of a file: handing DuckDB the frame in memory imports pandas, which takes a second."""
    settings.temp_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(suffix=".parquet", dir=settings.temp_dir) as file:
        frame.write_parquet(file.name)
        con.execute(f"create or replace table raw.{identifier(name)} as select * from read_parquet({quote(file.name)})")
