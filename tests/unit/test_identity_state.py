"""The state that outlives the warehouse: whole, of one resolution, or refused."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from pipelines.identity import state as kept
from pipelines.identity.health import HEALTH_SCHEMA
from pipelines.identity.state import CURRENT, StateError, forget, read_state, write_state
from pipelines.settings import Settings
from tests.unit.identity_kit import START, Known, Resolution, after, nothing_known, resolved


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    from tests.shared import settings_in  # noqa: PLC0415

    return settings_in(tmp_path)


def keep(settings: Settings, found: Resolution) -> Path:
    health = pl.DataFrame(schema=HEALTH_SCHEMA)
    tables = {"history": found.history, "redirects": found.redirects, "events": found.events, "health": health}
    return write_state(settings, {name: [frame] for name, frame in tables.items()})


def kept_by(settings: Settings) -> Known:
    """What the kept state says was known."""
    back = read_state(settings)
    assert back is not None
    given = back.events.filter(pl.col("event") == "new").collect()["customer_id"]
    return Known(back.history.collect(), back.redirects, given)


def folder(settings: Settings) -> Path:
    return settings.identity_dir / "state"


def test_nothing_was_kept(settings: Settings) -> None:
    assert read_state(settings) is None


def test_what_is_kept_comes_back_whole_and_gives_the_same_ids(settings: Settings) -> None:
    first = resolved(["a:x:1", "a:x:2"])
    keep(settings, first)
    back = read_state(settings)
    assert back is not None
    assert back.history.collect().equals(first.history)
    assert back.redirects.equals(first.redirects)
    assert back.events.collect().equals(first.events)
    assert {name: dict(getattr(back, name).lazy().collect_schema()) for name in kept.SCHEMAS} == kept.SCHEMAS
    again = resolved(["a:x:1", "a:x:2"], known=kept_by(settings), hours=1)
    assert again.events.is_empty()
    assert again.history.equals(first.history)


def test_a_run_killed_before_its_state_counts_leaves_the_one_before(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(settings, resolved(["a:x:1"]))
    with monkeypatch.context() as patched:
        patched.setattr(kept, "write_atomically", _killed)
        with pytest.raises(KeyboardInterrupt):
            keep(settings, resolved(["a:x:2"]))
    assert kept_by(settings).history["node_id"].to_list() == ["a:x:1"]
    keep(settings, resolved(["a:x:3"]))
    assert kept_by(settings).history["node_id"].to_list() == ["a:x:3"]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_two_generations_are_kept_and_no_more(settings: Settings) -> None:
    for number in range(4):
        keep(settings, resolved([f"a:x:{number}"]))
    assert sorted(path.name for path in folder(settings).iterdir()) == ["000003", "000004", CURRENT]


def test_damage_is_an_error_that_says_what_to_do(settings: Settings) -> None:
    path = keep(settings, resolved(["a:x:1"]))
    (path / "events.parquet").write_bytes(b"no parquet")
    with pytest.raises(StateError, match=r"events\.parquet.*backup"):
        read_state(settings)
    shutil.rmtree(path)
    with pytest.raises(StateError, match="backup"):
        read_state(settings)


def test_what_is_forgotten_is_in_no_generation_and_its_id_is_not_given_again(settings: Settings) -> None:
    first = resolved(["a:x:1", "a:x:2"])
    keep(settings, first)
    assert forget(settings, pl.Series(["a:x:1"])) == 1
    histories = [pl.read_parquet(path) for path in folder(settings).glob("*/history.parquet")]
    assert len(histories) == kept.KEEP
    assert all(history["node_id"].to_list() == ["a:x:2"] for history in histories)
    again = resolved(["a:x:1", "a:x:2"], known=kept_by(settings), hours=1)
    assert set(again.map["customer_id"]) & set(first.map["customer_id"]) == {
        first.map.filter(pl.col("node_id") == "a:x:2")["customer_id"].item()
    }


def test_the_log_of_a_killed_run_is_not_written_twice(settings: Settings) -> None:
    """State written, warehouse not: the next run finds the state and has nothing to tell."""
    first = resolved(["a:x:1"])
    keep(settings, first)
    back = kept_by(settings)
    assert back.history["known_from"].to_list() == [START]
    assert back.history.equals(after(nothing_known(), first).history)
    assert resolved(["a:x:1"], known=back, hours=1).run.known_at == START + timedelta(hours=1)
