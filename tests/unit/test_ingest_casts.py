"""Casts by contract: known answers for every type and notation, and NULL for what does not fit."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.contract import Column
from pipelines.ingest.casts import from_native, from_text

CASES: dict[str, list[tuple[str, str | None]]] = {
    "varchar": [(" as it is ", " as it is "), ("", "")],
    "boolean": [
        *((yes, "true") for yes in ("true", "TRUE", "t", "1", "Y", "yes", " True ")),
        *((no, "false") for no in ("false", "False", "f", "0", "N", "no")),
        *((text, None) for text in ("maybe", "2", "oui", "10")),
    ],
    "integer": [("7", "7"), ("-7", "-7"), ("+7", "7"), ("2147483647", "2147483647"), ("2147483648", None)],
    "bigint": [
        *((" 12 ", "12"), ("16746.0", "16746"), ("5.", "5"), ("9223372036854775807", "9223372036854775807")),
        *(
            (text, None)
            for text in ("12.5", "1e3", "0x1F", "1_000", "1,000", "12a", "NaN", "--1", "9223372036854775808")
        ),
    ],
    "double": [
        *(("1.5", "1.5"), ("1e3", "1000.0"), ("-0.25", "-0.25")),
        *((text, None) for text in ("nan", "inf", "-Infinity", "1,5", "abc")),
    ],
    "decimal(18,4)": [("12.3", "12.3000"), ("-0.00005", "-0.0001"), ("1,5", None), ("1" * 15, None)],
    "date": [
        *(("2024-02-29", "2024-02-29"), (" 2024-02-29 ", "2024-02-29"), ("2024-02-29 23:59:59", "2024-02-29")),
        *((text, None) for text in ("2023-02-29", "2024-02-29x", "29.02.2024", "infinity", "20240229")),
    ],
    "timestamp": [
        *(("2024-01-01 10:00:00", "2024-01-01 10:00:00"), ("2024-01-01T10:00:00Z", "2024-01-01 10:00:00")),
        *(("2024-01-01T10:00:00.123456Z", "2024-01-01 10:00:00.123456"), ("2024-01-01", "2024-01-01 00:00:00")),
        *(("2024-01-01T10:00:00+02:00", "2024-01-01 08:00:00"), ("2024-01-01 10:00:00 -0500", "2024-01-01 15:00:00")),
        *(("2024-01-01T10:00:00+02", "2024-01-01 08:00:00"), ("2024-01-01 10:00", "2024-01-01 10:00:00")),
        *((text, None) for text in ("2024-13-01", "soon", "infinity", "10:00", "1704103200", "2024-01-01 25:00:00")),
    ],
    "json": [('{"a": [1]}', '{"a": [1]}'), ("5", "5"), ("{a: 1}", None), ("text", None)],
}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def column(data_type: str, **meta: object) -> Column:
    told = {"name": "c", "description": "c", "data_type": data_type, "source_name": "c", "time_zone": "UTC", **meta}
    return Column.model_validate(told)


def cast(con: duckdb.DuckDBPyConnection, wanted: Column, text: str | None) -> tuple[str | None, bool]:
    """The value as text, and whether the row fits."""
    told = from_text(wanted, "raw", "cast_value")
    row = con.execute(
        f"select cast(cast_value as varchar), {told.fits or 'true'}"
        f" from (select raw, {told.value} as cast_value from (select cast(? as varchar) as raw))",
        [text],
    ).fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize(("data_type", "text", "value"), [(k, *case) for k, cases in CASES.items() for case in cases])
def test_a_value_is_cast_or_does_not_fit(
    con: duckdb.DuckDBPyConnection, data_type: str, text: str, value: str | None
) -> None:
    assert cast(con, column(data_type), text) == (value, value is not None)


@pytest.mark.parametrize("data_type", [kind for kind in CASES if kind != "varchar"])
@pytest.mark.parametrize("text", [None, "", "  "])
def test_an_absent_value_fits_unless_it_is_required(
    con: duckdb.DuckDBPyConnection, data_type: str, text: str | None
) -> None:
    assert cast(con, column(data_type), text) == (None, True)
    assert cast(con, column(data_type, required=True), text) == (None, False)


def test_a_required_text_may_not_be_empty(con: duckdb.DuckDBPyConnection) -> None:
    assert cast(con, column("varchar", required=True), "") == ("", False)
    assert cast(con, column("varchar", required=True), None) == (None, False)
    assert cast(con, column("varchar", required=True), "x") == ("x", True)


@pytest.mark.parametrize(
    ("zone", "text", "utc"),
    [
        ("Europe/Berlin", "2024-01-15 12:00:00", "2024-01-15 11:00:00"),
        ("Europe/Berlin", "2024-07-15 12:00:00", "2024-07-15 10:00:00"),
        ("Europe/Berlin", "2024-07-15T12:00:00Z", "2024-07-15 12:00:00"),
        ("Europe/Berlin", "2024-07-15T12:00:00-03:00", "2024-07-15 15:00:00"),
        ("Europe/Berlin", "2024-03-31 01:59:59", "2024-03-31 00:59:59"),
        ("Europe/Berlin", "2024-03-31 02:30:00", "2024-03-31 01:30:00"),  # never happened: an hour later
        ("Europe/Berlin", "2024-03-31 03:00:00", "2024-03-31 01:00:00"),
        ("Europe/Berlin", "2024-10-27 02:30:00", "2024-10-27 01:30:00"),  # happened twice: the later one
        ("Europe/Berlin", "2024-10-27 03:00:00", "2024-10-27 02:00:00"),
        ("Europe/London", "2024-07-15 12:00:00", "2024-07-15 11:00:00"),
        ("America/Los_Angeles", "2024-07-15 23:00:00", "2024-07-16 06:00:00"),
        ("Asia/Kolkata", "2024-07-15", "2024-07-14 18:30:00"),
    ],
)
def test_naive_stamps_are_in_the_zone_of_the_contract(
    con: duckdb.DuckDBPyConnection, zone: str, text: str, utc: str
) -> None:
    assert cast(con, column("timestamp", time_zone=zone), text) == (utc, True)


@pytest.mark.parametrize(
    ("data_type", "pattern", "text", "value"),
    [
        ("timestamp", "%d.%m.%Y %H:%M", "15.07.2024 12:00", "2024-07-15 10:00:00"),
        ("timestamp", "%Y-%m-%dT%H:%M:%S%z", "2024-07-15T12:00:00+0300", "2024-07-15 09:00:00"),
        ("timestamp", "%d.%m.%Y %H:%M", "2024-07-15 12:00", None),
        ("date", "%m/%d/%Y", "7/4/2024", "2024-07-04"),
        ("date", "%m/%d/%Y", "13/4/2024", None),
        ("date", "%Y%m%d", "20240704", "2024-07-04"),
    ],
)
def test_formats_are_followed_exactly(
    con: duckdb.DuckDBPyConnection, data_type: str, pattern: str, text: str, value: str | None
) -> None:
    wanted = column(data_type, format=pattern, time_zone="Europe/Berlin")
    assert cast(con, wanted, text) == (value, value is not None)


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        ("epoch_s", "1704103200", "2024-01-01 10:00:00"),
        ("epoch_ms", "1704103200123", "2024-01-01 10:00:00.123"),
        ("epoch_us", "1704103200123456", "2024-01-01 10:00:00.123456"),
        ("epoch_us", "-1", "1969-12-31 23:59:59.999999"),
        ("epoch_us", "9223372036854775807", None),
        ("epoch_s", "9223372036854775807", None),
        ("epoch_us", "2024-01-01", None),
    ],
)
def test_epochs(con: duckdb.DuckDBPyConnection, parse: str, text: str, value: str | None) -> None:
    assert cast(con, column("timestamp", parse=parse, time_zone="Europe/Berlin"), text) == (value, value is not None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("$90,000 ", "90000.00"), ("€ 1.234,56", "1234.56"), ("1.234,56 €", "1234.56"), ("1,234.56", "1234.56")),
        *(("-12.50", "-12.50"), ("($5.00)", "-5.00"), ("12.50-", "-12.50"), ("EUR 7", "7.00"), ("7 CHF", "7.00")),
        *(("CHF 1'000.50", "1000.50"), ("0,5", "0.50"), ("£-3", "-3.00"), ("1 000 000", "1000000.00")),
        *((text, None) for text in ("twelve", "12 apples", "$", "1-2", "--5", "(5", "-5-", "EUR 7 CHF", "12.3.4")),
    ],
)
def test_money(con: duckdb.DuckDBPyConnection, text: str, value: str | None) -> None:
    assert cast(con, column("decimal(12,2)", parse="money"), text) == (value, value is not None)


@pytest.mark.parametrize(
    ("data_type", "raw_type", "literal", "value"),
    [
        ("bigint", "double", "16746.0::double", "16746"),
        ("bigint", "double", "1.5::double", None),
        ("bigint", "decimal(9,2)", "1.50::decimal(9,2)", None),
        ("integer", "bigint", "3000000000", None),
        ("varchar", "bigint", "42", "42"),
        ("boolean", "integer", "1", "true"),
        ("timestamp", "timestamp with time zone", "timestamptz '2024-07-15 12:00:00+02'", "2024-07-15 10:00:00"),
        ("timestamp", "timestamp", "timestamp '2024-07-15 12:00:00'", "2024-07-15 10:00:00"),
        ("timestamp", "date", "date '2024-07-15'", "2024-07-14 22:00:00"),
        ("date", "timestamp", "timestamp '2024-07-15 12:00:00'", "2024-07-15"),
        ("json", "struct(a integer)[]", "[{'a': 1}]", '[{"a":1}]'),
        ("decimal(18,4)", "double", "1.25::double", "1.2500"),
    ],
)
def test_native_values_are_cast_or_do_not_fit(
    con: duckdb.DuckDBPyConnection, *, data_type: str, raw_type: str, literal: str, value: str | None
) -> None:
    told = from_native(column(data_type, time_zone="Europe/Berlin"), "raw", raw_type, "cast_value")
    row = con.execute(
        f"select cast(cast_value as varchar), {told.fits or 'true'}"
        f" from (select raw, {told.value} as cast_value from (select {literal} as raw))"
    ).fetchone()
    assert row == (value, value is not None)
