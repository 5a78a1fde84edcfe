"""The warehouse between blocks: a small file stays open for who asks, and nobody else is kept out by it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import warehouse
from pipelines.settings import Settings
from tests.shared import settings_in


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = settings_in(tmp_path)
    warehouse.write(settings, "core.numbers", pl.DataFrame({"n": [1, 2]}))
    return settings


def stays_open(settings: Settings) -> bool:
    """Whether this process holds the file: DuckDB refuses to open one file twice, once for reading only."""
    try:
        duckdb.connect(str(settings.warehouse_path), read_only=True).close()
    except duckdb.ConnectionException:
        return True
    return False


def test_a_small_file_stays_open_until_let_go(settings: Settings) -> None:
    with warehouse.connect(settings, keep=True) as con:
        assert con.execute("select sum(n) from core.numbers").fetchone() == (3,)
    assert stays_open(settings)
    # Who does not ask for it is given the open file, and sees what was written before.
    warehouse.write(settings, "core.more", pl.DataFrame({"n": [7]}))
    assert warehouse.read(settings, "core.more")["n"].to_list() == [7]
    warehouse.let_go(settings)
    assert not stays_open(settings)
    assert warehouse.read(settings, "core.more")["n"].to_list() == [7]


def test_a_large_file_is_closed_with_its_block(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse, "SMALL_BYTES", 0)
    with warehouse.connect(settings, keep=True) as con:
        assert con.execute("select sum(n) from core.numbers").fetchone() == (3,)
    assert not stays_open(settings)


def test_what_a_failed_block_began_is_taken_back(settings: Settings) -> None:
    def breaks() -> None:
        with warehouse.connect(settings, read_only=False, keep=True) as con:
            con.execute("begin")
            con.execute("delete from core.numbers")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()
    assert warehouse.read(settings, "core.numbers").height == 2
    warehouse.let_go(settings)
