"""The state that outlives the warehouse: whole, of one resolution, or refused."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from pipelines.identity import state as kept
from pipelines.identity.health import HEALTH_SCHEMA
from pipelines.identity.stable import nothing_known
from pipelines.identity.state import CURRENT, State, StateError, forget, read_state, write_state
from pipelines.settings import Settings
from tests.unit.identity_kit import START, after, resolved


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    from tests.shared import settings_in  # noqa: PLC0415

    return settings_in(tmp_path)


def state_of(*nodes: str) -> State:
    found = resolved(nodes)
    return State(found.history, found.redirects, found.events, pl.DataFrame(schema=HEALTH_SCHEMA))


def folder(settings: Settings) -> Path:
    return settings.identity_dir / "state"


def test_nothing_was_kept(settings: Settings) -> None:
    assert read_state(settings) is None


def test_what_is_kept_comes_back_whole_and_gives_the_same_ids(settings: Settings) -> None:
    state = state_of("a:x:1", "a:x:2")
    write_state(settings, state)
    back = read_state(settings)
    assert back is not None
    assert all(getattr(back, name).equals(getattr(state, name)) for name in kept.SCHEMAS)
    again = resolved(["a:x:1", "a:x:2"], known=back.known(), hours=1)
    assert again.events.is_empty()
    assert again.history.equals(state.history)


def test_a_run_killed_before_its_state_counts_leaves_the_one_before(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_state(settings, state_of("a:x:1"))
    with monkeypatch.context() as patched:
        patched.setattr(kept, "write_atomically", _killed)
        with pytest.raises(KeyboardInterrupt):
            write_state(settings, state_of("a:x:2"))
    back = read_state(settings)
    assert back is not None
    assert back.history["node_id"].to_list() == ["a:x:1"]
    write_state(settings, state_of("a:x:3"))
    back = read_state(settings)
    assert back is not None
    assert back.history["node_id"].to_list() == ["a:x:3"]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_two_generations_are_kept_and_no_more(settings: Settings) -> None:
    for number in range(4):
        write_state(settings, state_of(f"a:x:{number}"))
    assert sorted(path.name for path in folder(settings).iterdir()) == ["000003", "000004", CURRENT]


def test_damage_is_an_error_that_says_what_to_do(settings: Settings) -> None:
    path = write_state(settings, state_of("a:x:1"))
    (path / "events.parquet").write_bytes(b"no parquet")
    with pytest.raises(StateError, match=r"events\.parquet.*backup"):
        read_state(settings)
    shutil.rmtree(path)
    with pytest.raises(StateError, match="backup"):
        read_state(settings)


def test_what_is_forgotten_is_in_no_generation_and_its_id_is_not_given_again(settings: Settings) -> None:
    first = resolved(["a:x:1", "a:x:2"])
    write_state(settings, State(first.history, first.redirects, first.events, pl.DataFrame(schema=HEALTH_SCHEMA)))
    assert forget(settings, pl.Series(["a:x:1"])) == 1
    histories = [pl.read_parquet(path) for path in folder(settings).glob("*/history.parquet")]
    assert len(histories) == kept.KEEP
    assert all(history["node_id"].to_list() == ["a:x:2"] for history in histories)
    back = read_state(settings)
    assert back is not None
    again = resolved(["a:x:1", "a:x:2"], known=back.known(), hours=1)
    assert set(again.map["customer_id"]) & set(first.map["customer_id"]) == {
        first.map.filter(pl.col("node_id") == "a:x:2")["customer_id"].item()
    }


def test_the_log_of_a_killed_run_is_not_written_twice(settings: Settings) -> None:
    """State written, warehouse not: the next run finds the state and has nothing to tell."""
    first = resolved(["a:x:1"])
    write_state(settings, State(first.history, first.redirects, first.events, pl.DataFrame(schema=HEALTH_SCHEMA)))
    back = read_state(settings)
    assert back is not None
    assert back.known().last() == START
    assert back.history.equals(after(nothing_known(), first).history)
    assert resolved(["a:x:1"], known=back.known(), hours=1).run.known_at == START + timedelta(hours=1)
