"""Whatever a delimited file holds, its rows are counted: what is read is landed or held, in the file's order."""

from __future__ import annotations

import csv
import io
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from landing_kit import Kit, make_kit

COLUMNS = {
    "id": {"data_type": "bigint", "required": True},
    "name": {"data_type": "varchar"},
    "amount": {"data_type": "double"},
}
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\0", exclude_categories=("Cs",)), max_size=8)
NUMBER = st.one_of(st.integers(-(10**6), 10**6).map(str), st.floats(allow_nan=False, allow_infinity=False).map(repr))
VALUE = st.one_of(NUMBER, TEXT, st.just(""))
# One column more or fewer makes a ragged line, a single empty one a blank line.
ROW = st.one_of(st.tuples(NUMBER, TEXT, NUMBER).map(list), st.lists(VALUE, min_size=1, max_size=5))


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    kit = make_kit(tmp_path_factory.mktemp("landing"))
    kit.declare(COLUMNS)
    return kit


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(ROW, max_size=12),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_rows_read_are_rows_landed_and_held(kit: Kit, rows: list[list[str]], line_end: str, quoting: int) -> None:
    text = io.StringIO(newline="")
    # Python's writer would leave a line feed bare where lines end with a carriage return.
    quoting = csv.QUOTE_ALL if line_end == "\r" else quoting
    writer = csv.writer(text, lineterminator=line_end, quoting=quoting)
    writer.writerows([["id", "name", "amount"], *rows])
    for folder in (kit.settings.raw_dir, kit.settings.quarantine_dir):
        shutil.rmtree(folder, ignore_errors=True)
    kit.put("things.csv", text.getvalue())
    outcome = kit.land_one()

    assert outcome.reason is None
    assert outcome.rows_read == len(rows)
    assert outcome.rows_landed + outcome.rows_quarantined == len(rows)
    expected = [number for number, row in enumerate(rows, start=1) if fits(row)]
    landed = kit.rows("_row_number, id, name")
    assert [number for number, *_ in landed] == expected
    assert [name or "" for _, _, name in landed] == [rows[number - 1][1] for number in expected]
    assert [number for _, number, _ in landed] == [int(float(rows[number - 1][0])) for number in expected]
    held = sorted({number for number, *_ in kit.quarantined()})
    assert held == [number for number, row in enumerate(rows, start=1) if not fits(row)]


def fits(row: list[str]) -> bool:
    """The contract in Python: three columns, a whole number, anything, a finite number or nothing.

    Empty values too many are delimiters at the end of the line, which lose nothing and are let through.
    """
    row = row[:3] if not any(row[3:]) else row
    return len(row) == 3 and is_whole(row[0]) and (not row[2].strip() or is_number(row[2]))


def is_whole(text: str) -> bool:
    sign_free = text.strip().removeprefix("-").removeprefix("+")
    digits, _, rest = sign_free.partition(".")
    return digits.isascii() and digits.isdigit() and set(rest) <= {"0"} and -(2**63) <= int(digits) < 2**63


def is_number(text: str) -> bool:
    try:
        return float(text) not in (float("inf"), float("-inf")) and float(text) == float(text) and "_" not in text
    except ValueError:
        return False
