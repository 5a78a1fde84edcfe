"""Files that are not what they should be: each is reported with its reason and leaves the rest of the load alone."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest
from landing_kit import Kit, make_kit, put_parquet, zipped, zstandard

from pipelines.ingest import batch
from pipelines.ingest.landing import LandingError

PLAIN = "id,name,stamp,amount\n1,Ann,2025-01-01 10:00:00,1.50\n2,Bo,2025-07-01T10:00:00+02:00,\n"
EVENTS = {
    "stamp": {"data_type": "timestamp", "required": True, "parse": "epoch_us", "source_name": "event_timestamp"},
    "name": {"data_type": "varchar", "required": True},
}


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return make_kit(tmp_path)


AGAIN = "; export it again"
DAMAGED = f"archive is damaged or truncated{AGAIN}"
RECODE = "; export it as {0} or change csv.encoding"

UNREADABLE: dict[str, tuple[str, bytes, str]] = {
    "empty": ("things.csv", b"", "it is empty (0 bytes)"),
    "binary": ("things.csv", b"\x00\x01\x02\xff" * 50, "it holds binary data, not text"),
    "utf-16": (
        "things.csv",
        PLAIN.encode("utf-16"),
        "it is UTF-16, but its contract says utf-8" + RECODE.format("utf-8"),
    ),
    "latin-1": (
        "things.csv",
        "id,name\n1,Ann\n2,Jürgen\n".encode("latin-1"),
        "record 3 is not utf-8, the encoding of its contract" + RECODE.format("utf-8"),
    ),
    "required column": ("things.csv", b"name,stamp\nAnn,\n", "required column 'id' missing; it has 2 columns"),
    "delimiter": (
        "things.csv",
        b"id;name\n1;Ann\n",
        "required column 'id' missing; it has 1 columns; is its delimiter really ','?",
    ),
    "column twice": ("things.csv", b"id,name,ID,id\n1,Ann,2,3\n", "column 'id' stands twice in it; export it once"),
    "open quote": (
        "things.csv",
        b'id,name\n1,"Ann\n2,Bo\n3,Cy\n',
        f"a quote opened in record 2 is not closed as it should be{AGAIN}",
    ),
    "cut gzip": ("things.csv.gz", gzip.compress(PLAIN.encode() * 1000)[:-40], f"its .gz {DAMAGED}"),
    "gzip without checksum": ("things.csv.gz", gzip.compress(PLAIN.encode())[:-4], f"its .gz {DAMAGED}"),
    "no gzip": ("things.csv.gz", b"not gzip at all", f"its .gz {DAMAGED}"),
    "cut zstandard": ("things.csv.zst", zstandard(PLAIN.encode() * 1000)[:-9], f"its .zst {DAMAGED}"),
    "zip of two": (
        "things.zip",
        zipped({"a.csv": b"id\n1\n", "b.csv": b"id\n2\n"}),
        "its zip holds 2 files; pack one export into one zip",
    ),
    "no zip": ("things.zip", b"PK nothing", f"its .zip {DAMAGED}"),
    "bzip2": ("things.csv.bz2", b"BZh9", "it is packed as .bz2, which is not read; pack it as .gz, .zst or .zip"),
}


@pytest.mark.parametrize(("name", "content", "reason"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_that_cannot_be_read_is_rejected_with_the_reason_and_the_others_land(
    kit: Kit, name: str, content: bytes, reason: str
) -> None:
    kit.put(name, content)
    kit.put("things_sound.csv", "id\n5\n")
    (table,) = kit.land().tables
    assert {outcome.source_name: outcome.reason for outcome in table.outcomes} == {
        f"shop/{name}": f"shop/{name}: {reason}",
        "shop/things_sound.csv": None,
    }
    assert kit.rows("id") == [(5,)]
    with kit.raw() as con:
        listed = con.execute("select status, reason from raw.load_manifest order by status").fetchall()
    assert listed == [("landed", None), ("rejected", f"shop/{name}: {reason}")]
    (again,) = kit.land().tables
    assert sorted(outcome.status for outcome in again.outcomes) == ["already", "rejected"]
    (kit.settings.landing_dir / "shop" / name).rename(kit.settings.landing_dir / "shop" / f"things_late_{name}")
    (renamed,) = kit.land().rejected
    assert renamed.reason == f"shop/things_late_{name}: {reason}"


def test_a_name_that_looks_like_a_pattern_reads_its_own_file(kit: Kit) -> None:
    kit.put("things_1.csv", "id\n1\n")
    kit.put("things_[1].csv", "id\n2\n")
    kit.put("things_*.csv", "id\n3\n")
    assert kit.land().files_landed == 3
    assert kit.rows("id, _row_number", order="id") == [(1, 1), (2, 1), (3, 1)]


def test_a_full_disk_or_memory_stops_the_landing_and_rejects_nothing(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise duckdb.OutOfMemoryException("could not allocate block for ann@example.com")

    kit.put("things.csv", PLAIN)
    monkeypatch.setattr(batch, "read_csv", exhausted)
    with pytest.raises(LandingError, match="check free disk space and JOURNEYLINE_MEMORY_LIMIT") as caught:
        kit.land()
    assert "ann@example.com" not in str(caught.value)
    assert caught.value.__cause__ is None
    monkeypatch.undo()
    assert kit.land_one().status == "landed"


def test_a_mended_file_lands(kit: Kit) -> None:
    kit.put("things.csv", b"id,name\n1,J\xfcrgen\n")
    assert kit.land_one().status == "rejected"
    kit.put("things.csv", "id,name\n1,Jürgen\n")
    assert kit.land_one().status == "landed"
    assert kit.rows("name") == [("Jürgen",)]


OTHER_KINDS: list[tuple[dict[str, object], bytes, str]] = [
    ({"format": "jsonl"}, b'["id", 1]\n5\n', "none of its lines is a JSON object"),
    ({"format": "jsonl"}, b"\n\n", "it holds no records"),
    ({"format": "jsonl"}, b'{"id": "\xff"}\n', "it is not valid UTF-8 near line 1; export it as UTF-8"),
    ({"format": "jsonl"}, b'{"name": "Ann"}\n', "required column 'id' missing; it has 1 columns"),
    ({"format": "json"}, b'{"items": [1', "it cannot be read as json; compare it with the contract of shop__things"),
    ({"format": "json"}, b'{"items": []}', "it is not one JSON document with an array at its top"),
    (
        {"format": "json", "json": {"records": "rows"}},
        b'{"items": []}',
        "it is not one JSON document with an array at 'rows'",
    ),
    ({"format": "parquet"}, b"PAR1 not really", f"it is not a complete Parquet file{AGAIN}"),
    (
        {"csv": {"encoding": "latin-1"}},
        "id,name\n1,Jürgen\n".encode(),
        "it is UTF-8, but its contract says latin-1" + RECODE.format("latin-1"),
    ),
]


@pytest.mark.parametrize(("meta", "content", "reason"), OTHER_KINDS)
def test_a_file_of_another_kind_is_rejected(kit: Kit, meta: dict[str, object], content: bytes, reason: str) -> None:
    kit.declare(**meta)
    kit.put("things.data", content)
    outcome = kit.land_one()
    assert (outcome.status, outcome.reason) == ("rejected", f"shop/things.data: {reason}")


def test_a_truncated_parquet_is_rejected(kit: Kit) -> None:
    kit.declare(EVENTS, format="parquet")
    path = put_parquet(
        kit, "things.parquet", "select i as event_timestamp, md5(i::varchar) as name from range(9999) t(i)"
    )
    path.write_bytes(path.read_bytes()[:-500])
    assert kit.land_one().reason == "shop/things.parquet: it is not a complete Parquet file; export it again"


def test_reasons_never_hold_a_value_of_the_file(kit: Kit) -> None:
    secret = "ann@example.com"
    kit.put("things_1.csv", f'id,name\n1,"{secret}\n2,{secret}\n')
    kit.put("things_2.csv", f"id,name\n1,{secret}\xff\n".encode("latin-1"))
    kit.put("things_3.csv", f"{secret},name\n1,x\n")
    kit.put("things_4.csv.gz", secret)
    report = kit.land()
    assert len(report.rejected) == 4
    assert secret not in repr(report)
    sidecars = "".join(path.read_text() for path in kit.settings.home.rglob("*.json"))
    assert secret not in sidecars


def test_ragged_rows_are_held_by_number_and_shift_the_others(kit: Kit) -> None:
    kit.put("things.csv", 'id,name\n1,a\n2\n3,b,c\n4,"x"y\n5,"two\nlines"\nsix,d\n7,e\n8')
    outcome = kit.land_one()
    assert (outcome.rows_read, outcome.rows_landed, outcome.rows_quarantined) == (8, 3, 5)
    assert kit.rows("id, _row_number") == [(1, 1), (5, 5), (7, 7)]
    assert [(number, column, reason) for number, column, _, reason in kit.quarantined()] == [
        (2, None, "the line has too few columns"),
        (3, None, "the line has too many columns"),
        (4, None, "the line has text outside its quotes"),
        (6, "id", "the value is not a bigint"),
        (8, None, "the line has too few columns"),
    ]


def test_a_header_alone_is_an_export_without_rows(kit: Kit) -> None:
    kit.put("things.csv", "id,name,stamp,amount\n")
    outcome = kit.land_one()
    assert (outcome.status, outcome.rows_read, outcome.rows_landed) == ("landed", 0, 0)
    assert kit.rows() == []


def test_new_columns_are_kept_as_text_and_reported(kit: Kit) -> None:
    kit.put("things.csv", "id,Loyalty Tier,2nd,loyalty-tier,_batch_id\n1,gold,x,y,z\n")
    outcome = kit.land_one()
    assert outcome.new_columns == ("loyalty_tier", "c_2nd", "loyalty_tier_2", "batch_id")
    assert kit.rows("loyalty_tier, c_2nd, loyalty_tier_2, batch_id") == [("gold", "x", "y", "z")]


def test_files_no_contract_knows_are_named(kit: Kit) -> None:
    kit.put("things.csv", PLAIN)
    kit.put("thing.csv", PLAIN)
    kit.put(".hidden", "")
    assert kit.land().unmatched == ("shop/thing.csv",)


def test_a_file_that_is_not_finished_waits(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.put("things.csv.part", PLAIN)
    growing = kit.put("things_growing.csv", PLAIN)

    def grow(*_: object) -> None:
        with growing.open("a") as file:
            file.write("3,Cy,,\n")

    monkeypatch.setattr("pipelines.ingest.batch.check_text", grow)
    assert [outcome.status for outcome in kit.land().tables[0].outcomes] == ["waiting", "waiting"]
    monkeypatch.undo()
    assert [outcome.status for outcome in kit.land().tables[0].outcomes] == ["waiting", "landed"]
    assert len(kit.rows()) == 3
