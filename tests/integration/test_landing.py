"""Landing by format: what fits lands as the contract says, whatever notation the file uses."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import pytest
from landing_kit import Kit, make_kit, put_parquet, zipped, zstandard


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return make_kit(tmp_path)


PLAIN = "id,name,stamp,amount\n1,Ann,2025-01-01 10:00:00,1.50\n2,Bo,2025-07-01T10:00:00+02:00,\n"
LANDED = [(1, "Ann", "2025-01-01 10:00:00", "1.5000"), (2, "Bo", "2025-07-01 08:00:00", None)]
ALL = "id, name, stamp::varchar, amount::varchar"


def test_a_clean_file_lands_every_row_with_its_number(kit: Kit) -> None:
    kit.put("things.csv", PLAIN)
    outcome = kit.land_one()
    assert (outcome.status, outcome.rows_read, outcome.rows_landed, outcome.rows_quarantined) == ("landed", 2, 2, 0)
    assert kit.rows(ALL) == LANDED
    assert kit.rows("_row_number") == [(1,), (2,)]
    assert kit.quarantined() == []


def test_a_row_that_does_not_fit_is_held_with_row_column_value_and_reason(kit: Kit) -> None:
    kit.put("things.csv", "id,name,stamp,amount\n1,Ann,,\nx,Bo,soon,\n,Cy,,\n4,Di,,1.5\n")
    outcome = kit.land_one()
    assert (outcome.rows_read, outcome.rows_landed, outcome.rows_quarantined) == (4, 2, 2)
    assert kit.rows("id, _row_number") == [(1, 1), (4, 4)]
    assert kit.quarantined() == [
        (2, "id", "x", "the value is not a bigint"),
        (2, "stamp", "soon", "the value is not a timestamp"),
        (3, "id", None, "the value is empty, and the contract requires it"),
    ]
    (first, *_) = kit.quarantined("source_name, raw_row")
    assert first[0] == "shop/things.csv"
    assert json.loads(first[1]) == {"id": "x", "name": "Bo", "stamp": "soon", "amount": None}


@pytest.mark.parametrize(
    ("meta", "content"),
    [
        ({}, b"\xef\xbb\xbf" + PLAIN.encode()),
        ({}, PLAIN.replace("\n", "\r\n").encode()),
        ({}, PLAIN.replace("\n", "\r").encode()),
        ({}, PLAIN.replace("\n", "\r\n", 2).encode()),
        ({}, PLAIN.rstrip("\n").encode()),
        ({}, PLAIN.replace("\n", "\n\n").encode()),
        ({}, PLAIN.replace("id,name", '"ID", Name ').encode()),
        ({"csv": {"delimiter": ";"}}, PLAIN.replace(",", ";").encode()),
        ({"csv": {"delimiter": "\t"}}, PLAIN.replace(",", "\t").encode()),
        ({"csv": {"delimiter": "+|", "line_suffix": "&|"}}, PLAIN.replace(",", "+|").replace("\n", "&|\n").encode()),
        ({"csv": {"delimiter": "|", "quote": "'"}}, PLAIN.replace(",", "|").replace("Ann", "'Ann'").encode()),
        ({"csv": {"header": False}}, PLAIN.partition("\n")[2].encode()),
        ({"csv": {"header": False}}, b"\xef\xbb\xbf" + PLAIN.partition("\n")[2].encode()),
        ({"csv": {"skip_after_header": 2}}, PLAIN.replace("\n", '\n"What is\nyour id?",b,c,d\n{},b,c,d\n', 1).encode()),
        ({"csv": {"null_values": ["NULL", "n/a"]}}, PLAIN.replace("+02:00,", "+02:00,n/a").encode()),
        ({"csv": {"encoding": "utf-16"}}, PLAIN.encode("utf-16")),
    ],
    ids=[
        *("byte order mark", "crlf", "cr", "mixed line ends", "no last line end", "blank lines", "spaced header"),
        *("semicolon", "tab", "two characters and a suffix", "single quotes", "no header", "no header, mark"),
        *("further header rows with a line break", "null values", "utf-16"),
    ],
)
def test_delimited_text_in_every_notation_gives_the_same_rows(
    kit: Kit, meta: dict[str, object], content: bytes
) -> None:
    kit.declare(**meta)
    kit.put("things.csv", content)
    outcome = kit.land_one()
    assert outcome.reason is None
    assert kit.rows(ALL) == LANDED


def test_quotes_delimiters_and_line_breaks_inside_a_value_stay(kit: Kit) -> None:
    kit.put("things.csv", 'id,name,stamp,amount\n1,"a ""b"", c\nd",,\n2,"",,\n')
    assert kit.land_one().rows_landed == 2
    assert kit.rows("name") == [('a "b", c\nd',), (None,)]


def test_latin_1_is_read_as_declared(kit: Kit) -> None:
    kit.declare(csv={"encoding": "latin-1"})
    kit.put("things.csv", "id,name\n1,Müller\n".encode("latin-1"))
    assert kit.land_one().reason is None
    assert kit.rows("name") == [("Müller",)]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("things.csv.gz", gzip.compress),
        ("things.csv.gz", lambda text: gzip.compress(text[:30]) + gzip.compress(text[30:])),
        ("things.csv.zst", zstandard),
        ("things.zip", lambda text: zipped({"things.csv": text})),
    ],
    ids=["gzip", "gzip in two members", "zstandard", "zip of one file"],
)
def test_compressed_files_land_like_plain_ones(kit: Kit, name: str, pack: object) -> None:
    kit.put(name, pack(PLAIN.encode()))  # type: ignore[operator]
    assert kit.land_one().reason is None
    assert kit.rows(ALL) == LANDED


# --- JSON -------------------------------------------------------------------------------------------------------------

NESTED = {
    "id": {"data_type": "bigint", "required": True},
    "tags": {"data_type": "json"},
    "city": {"data_type": "varchar", "path": "address.city"},
    "zone": {"data_type": "json", "path": "address.zone"},
    "paid": {"data_type": "boolean"},
}
OBJECTS = [
    {"id": 1, "tags": ["a", {"b": 1.5}], "address": {"city": "Ulm", "zone": [1]}, "paid": True},
    {"id": "2", "tags": None, "address": None, "paid": "no"},
    {"id": 9007199254740993, "tags": {}, "address": {"zone": None}, "extra": {"k": "v"}},
]
NESTED_ROWS = [
    (1, '["a",{"b":1.5}]', "Ulm", "[1]", True, None),
    (2, None, None, None, False, None),
    (9007199254740993, "{}", None, None, None, '{"k":"v"}'),
]


def lines(objects: list[dict[str, object]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in objects)


def test_json_lines_keep_nested_values_as_text_and_report_new_keys(kit: Kit) -> None:
    kit.declare(NESTED, format="jsonl")
    kit.put("things.jsonl", lines(OBJECTS))
    outcome = kit.land_one()
    assert (outcome.reason, outcome.new_columns) == (None, ("extra",))
    assert kit.rows("id, tags, city, zone, paid, extra") == NESTED_ROWS


@pytest.mark.parametrize("records", ["", "data.items"])
def test_a_wrapped_document_gives_the_same_rows_as_lines(kit: Kit, records: str) -> None:
    kit.declare(NESTED, format="json", json={"records": records})
    document = {"data": {"items": OBJECTS}} if records else OBJECTS
    kit.put("things.json", json.dumps(document, indent=2))
    assert kit.land_one().reason is None
    assert kit.rows("id, tags, city, zone, paid, extra") == NESTED_ROWS


def test_lines_that_are_no_objects_are_held_and_the_others_land(kit: Kit) -> None:
    kit.declare(NESTED, format="jsonl")
    kit.put("things.jsonl", '{"id":1}\n{"id":2,"tags":\n\n[3]\n{"id":4,"id":5}\n6\n{"id":"x"}\n{"id":8}\n{"id":9} {}')
    outcome = kit.land_one()
    assert (outcome.rows_read, outcome.rows_landed, outcome.rows_quarantined) == (8, 2, 6)
    assert kit.rows("id, _row_number") == [(1, 1), (8, 7)]
    broken = "the line is not a JSON object with distinct keys"
    assert kit.quarantined("row_number, column_name, value, reason, raw_row") == [
        (2, None, None, broken, '{"id":2,"tags":'),
        (3, None, None, broken, "[3]"),
        (4, None, None, broken, '{"id":4,"id":5}'),
        (5, None, None, broken, "6"),
        (6, "id", "x", "the value is not a bigint", '{"id":"x"}'),
        (8, None, None, broken, '{"id":9} {}'),
    ]


def test_keys_that_differ_by_case_alone_are_not_confused(kit: Kit) -> None:
    kit.declare({"id": {"data_type": "bigint", "required": True}}, format="jsonl")
    kit.put("things.jsonl", '{"ID":7,"id":1,"we \\"say\\" é":"x"}\n')
    outcome = kit.land_one()
    assert outcome.new_columns == ("id_2", "we_say")
    assert kit.rows("id, id_2, we_say") == [(1, "7", "x")]


@pytest.mark.parametrize("content", ["\ufeff" + lines(OBJECTS), lines(OBJECTS).replace("\n", "\r\n")])
def test_json_lines_with_a_mark_or_crlf_land(kit: Kit, content: str) -> None:
    kit.declare(NESTED, format="jsonl")
    kit.put("things.jsonl", content)
    assert kit.land_one().reason is None
    assert kit.rows("id, tags, city, zone, paid, extra") == NESTED_ROWS


def test_an_empty_array_is_an_export_without_rows(kit: Kit) -> None:
    kit.declare(NESTED, format="json", json={"records": "items"})
    kit.put("things.json", '{"items": []}')
    outcome = kit.land_one()
    assert (outcome.status, outcome.rows_read) == ("landed", 0)


# --- Parquet ----------------------------------------------------------------------------------------------------------

EVENTS = {
    "stamp": {"data_type": "timestamp", "required": True, "parse": "epoch_us", "source_name": "event_timestamp"},
    "name": {"data_type": "varchar", "required": True},
    "params": {"data_type": "struct(key varchar, value struct(string_value varchar, int_value bigint))[]"},
    "device": {"data_type": "struct(category varchar, language varchar)"},
}


def test_parquet_keeps_native_types_and_further_fields(kit: Kit) -> None:
    kit.declare(EVENTS, format="parquet")
    put_parquet(
        kit,
        "things.parquet",
        "select 1735725600000000 as event_timestamp, 'view' as name,"
        " [{'key': 'page', 'value': {'string_value': 'a', 'int_value': 3::integer, 'double_value': 1.5::double}}]"
        " as params,"
        " {'language': 'de', 'category': 'mobile', 'model': 'x'} as device, 5 as fresh",
    )
    outcome = kit.land_one()
    assert (outcome.reason, outcome.rows_landed) == (None, 1)
    assert outcome.new_columns == ("fresh", "params.value.double_value", "device.model")
    assert kit.rows("stamp::varchar, params[1].value.int_value, device.category, fresh") == [
        ("2025-01-01 10:00:00", 3, "mobile", "5")
    ]
    (stored,) = kit.settings.raw_dir.rglob("*.parquet")
    assert duckdb.sql(f"select device.model from '{stored}'").fetchall() == [("x",)]


def test_parquet_rows_that_do_not_fit_are_held(kit: Kit) -> None:
    kit.declare(EVENTS, format="parquet")
    put_parquet(
        kit,
        "things.parquet",
        "select unnest([1735725600000000, null, 9223372036854775807]) as event_timestamp, 'view' as name",
    )
    outcome = kit.land_one()
    assert (outcome.rows_read, outcome.rows_landed, outcome.rows_quarantined) == (3, 1, 2)
    assert [(number, column, value) for number, column, value, _ in kit.quarantined()] == [
        (2, "stamp", None),
        (3, "stamp", "9223372036854775807"),
    ]


def test_a_nested_field_of_another_type_rejects_the_file(kit: Kit) -> None:
    kit.declare(EVENTS, format="parquet")
    put_parquet(
        kit, "things.parquet", "select 1 as event_timestamp, 'v' as name, {'category': 1, 'language': 'de'} as device"
    )
    assert kit.land_one().reason is None  # a number is safe as text
    put_parquet(
        kit,
        "things.parquet",
        "select 1 as event_timestamp, 'v' as name, [{'key': 'k', 'value': {'int_value': 'three'}}] as params",
    )
    assert kit.land_one().reason == (
        "shop/things.parquet: field 'params.value.int_value' is varchar, but its contract says bigint"
    )


def test_parquet_scalars_of_other_types_are_cast_or_held(kit: Kit) -> None:
    columns = {
        "id": {"data_type": "bigint"},
        "stamp": {"data_type": "timestamp"},
        "seen": {"data_type": "timestamp"},
        "amount": {"data_type": "decimal(18,4)"},
        "day": {"data_type": "date"},
        "tags": {"data_type": "json"},
    }
    kit.declare(columns, format="parquet", time_zone="Europe/Berlin")
    put_parquet(
        kit,
        "things.parquet",
        "select unnest([16746.0, 1.5]::double[]) as id, timestamp '2025-07-01 12:00:00' as stamp,"
        " timestamptz '2025-07-01 12:00:00+00' as seen, 1.25::float as amount, '2025-07-01' as day, ['a'] as tags",
    )
    outcome = kit.land_one()
    assert (outcome.rows_landed, outcome.rows_quarantined) == (1, 1)
    assert kit.rows("id, stamp::varchar, seen::varchar, amount::varchar, day::varchar, tags") == [
        (16746, "2025-07-01 10:00:00", "2025-07-01 12:00:00", "1.2500", "2025-07-01", '["a"]')
    ]
