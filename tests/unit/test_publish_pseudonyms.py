"""Pseudonyms: HMAC-SHA-256 in SQL against RFC 4231, and a key that nobody sees."""

from __future__ import annotations

import stat
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.publish.pseudonyms import PseudonymKeyError, Pseudonyms, hmac_sql, load_pseudonyms
from pipelines.settings import load_settings

KEY = bytes(range(32))

RFC_4231 = [
    (b"\x0b" * 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (
        b"\xaa" * 131,
        "Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        (
            "This is a test using a larger than block-size key and a larger than block-size data. "
            "The key needs to be hashed before being used by the HMAC algorithm."
        ),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]
"""Cases 1, 2, 6 and 7: those whose message is text, with keys shorter and longer than a block."""


CONNECTION = duckdb.connect()


def in_sql(expression: str, value: str | None) -> str | None:
    row = CONNECTION.execute(f"select {expression} from (select cast(? as varchar) as value)", [value]).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(("key", "text", "expected"), RFC_4231)
def test_sql_computes_the_known_answers(key: bytes, text: str, expected: str) -> None:
    assert in_sql(hmac_sql(key, "value"), text) == expected


@given(st.text(max_size=200).filter(lambda text: "\x00" not in text))
def test_sql_and_python_agree_on_any_text(text: str) -> None:
    pseudonyms = Pseudonyms(KEY)
    assert in_sql(pseudonyms.sql("customer", "value"), text) == pseudonyms.of("customer", text)


def test_null_stays_null() -> None:
    assert in_sql(Pseudonyms(KEY).sql("customer", "value"), None) is None


def test_a_pseudonym_depends_on_key_purpose_and_value() -> None:
    pseudonyms = Pseudonyms(KEY)
    found = {
        pseudonyms.of("customer", "1"),
        pseudonyms.of("customer", "2"),
        pseudonyms.of("order", "1"),
        Pseudonyms(KEY[::-1]).of("customer", "1"),
    }
    assert len(found) == 4
    assert all(len(value) == 32 and set(value) <= set("0123456789abcdef") for value in found)


def test_the_key_never_shows() -> None:
    pseudonyms = Pseudonyms(KEY)
    assert KEY.hex() not in repr(pseudonyms)
    assert str(KEY) not in repr(pseudonyms)
    assert pseudonyms.key_id not in KEY.hex()


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    home = load_settings({"JOURNEYLINE_HOME": str(tmp_path)})
    first = load_pseudonyms(home, {})
    path = home.secrets_dir / "pseudonym.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_pseudonyms(home, {}).key == first.key
    assert len(first.key) == 32


def test_the_environment_wins_and_leaves_no_file(tmp_path: Path) -> None:
    home = load_settings({"JOURNEYLINE_HOME": str(tmp_path)})
    assert load_pseudonyms(home, {"JOURNEYLINE_PSEUDONYM_KEY": KEY.hex()}).key == KEY
    assert not home.secrets_dir.exists()


@pytest.mark.parametrize(("value", "words"), [("not hex at all", "not hexadecimal"), ("ab" * 31, "shorter than 32")])
def test_a_bad_key_is_refused_without_being_told(tmp_path: Path, value: str, words: str) -> None:
    home = load_settings({"JOURNEYLINE_HOME": str(tmp_path)})
    with pytest.raises(PseudonymKeyError, match=words) as caught:
        load_pseudonyms(home, {"JOURNEYLINE_PSEUDONYM_KEY": value})
    assert value not in str(caught.value)
