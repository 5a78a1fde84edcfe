"""Funnels on known answers: windowFunnel's published vectors, a reference on random people, one case of every rule."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from core_kit import House, Row, new_house

from pipelines import warehouse
from pipelines.funnels import MODES, Funnel, funnel_tables, write_funnels
from tests.funnel_reference import window_funnel

START = datetime(2026, 1, 1, 10, 0, 0)  # noqa: DTZ001 (the warehouse keeps UTC without a zone)
WINDOW = 5

Event = tuple[int, str] | tuple[int, str, Mapping[str, Any]]


def funnel(name: str, kinds: Iterable[str], *, hours: int = 24, **fields: Any) -> Funnel:
    return Funnel.model_validate(
        {
            "name": name,
            "description": "a funnel of the test",
            "unit": "customer",
            "window": f"{hours} hours",
            "steps": [{"name": f"s_{step}", "event_type": step} for step in kinds],
            **fields,
        }
    )


def define(house: House, *funnels: Funnel) -> None:
    with warehouse.connect(house.settings, read_only=False) as con:
        write_funnels(con, funnel_tables(funnels))


def events(people: Mapping[str, Sequence[Event]]) -> list[Row]:
    return [event(who, number, *row) for who, rows in people.items() for number, row in enumerate(rows)]


def event(who: str, number: int, hour: int, kind: str, columns: Mapping[str, Any] | None = None) -> Row:
    at = START + timedelta(hours=hour)
    own = {"event_id": f"{who}:{number}", "customer_id": who, "event_at": at, "event_date": at.date()}
    return {**own, "event_type": kind, **(columns or {})}


def built(house: House, funnels: Sequence[Funnel], people: Mapping[str, Sequence[Event]]) -> dict[tuple[str, str], Any]:
    """Rows of the levels by funnel and unit, of these people's events."""
    define(house, *funnels)
    house.put("core.fct_events", *events(people))
    house.build("dim_funnel_steps", "funnel_*,resource_type:model", "agg_funnel_levels")
    return {(row["funnel_id"], row["unit_id"]): row for row in house.frame("journey.agg_funnel_levels").to_dicts()}


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    found = new_house(tmp_path_factory, "funnels")
    found.put("journey.fct_carts")
    found.put("journey.fct_sessions")
    return found


def test_published_answers_and_random_people_in_every_mode(house: House) -> None:
    """ClickHouse's own vectors, hours for seconds; then 120 random people in each mode and mixture against the loop."""
    mixtures = {
        f"m{n}_{number}": list(modes)
        for n in range(len(MODES) + 1)
        for number, modes in enumerate(itertools.combinations(MODES, n))
    }
    funnels = [
        funnel("abc_default", "abc"),
        funnel("abc_order", "abc", mode="strict_order"),
        funnel("abc_both", "abc", mode=["strict_deduplication", "strict_order"]),
        funnel("abcd_dedup", "abcd", mode="strict_deduplication"),
        *(funnel(f"w{hours}", [str(1000 + n) for n in range(3, 8)], hours=hours) for hours in (2, 3, 4)),
        funnel("pair", ["1001", "1008"]),
        funnel("raip", ["1008", "1001"]),
        funnel("ties", [str(1000 + n) for n in range(5)], hours=4),
        funnel("ties_rise", [str(1000 + n) for n in range(5)], hours=4, mode="strict_increase"),
        *(funnel(name, "pqrs", hours=WINDOW, mode=modes) for name, modes in mixtures.items()),
    ]
    words = ("abc", "adbc", "aabbcc", "aaaabbcc", "aabbdcc", "ccbbaa", "acb", "abcbd")
    letters = {word: list(enumerate(word)) for word in words}
    counted = {"counted": [(t, str(1000 + t)) for t in range(9)]}
    tied = {"tied": [(0, "1000"), (1, "1001"), (1, "1002"), (1, "1003"), (2, "1004")]}
    rng = random.Random(7)
    drawn = {
        f"r{i}": [(rng.randint(0, 14), rng.choice("ppqqrrsx")) for _ in range(rng.randint(1, 12))] for i in range(120)
    }
    rows = built(house, funnels, {**letters, **counted, **tied, **drawn})
    level = {key: row["level"] for key, row in rows.items()}

    published = words[:6]
    assert [level["abc_default", word] for word in published] == [3, 3, 3, 3, 3, 1]
    assert [level["abc_order", word] for word in published] == [3, 1, 3, 3, 2, 1]
    assert [level["abc_both", word] for word in published] == [3, 1, 2, 2, 2, 1]
    assert (level["abc_order", "acb"], level["abcd_dedup", "abcbd"]) == (1, 3)
    assert [level[name, "counted"] for name in ("w2", "w3", "w4", "pair", "raip")] == [3, 4, 5, 2, 1]
    assert (level["ties", "tied"], level["ties_rise", "tied"]) == (5, 2)

    for name, modes in mixtures.items():
        expected = {
            who: window_funnel([(t, "xpqrs".index(kind)) for t, kind in had], 4, WINDOW, modes)
            for who, had in drawn.items()
        }
        assert {who: level.get((name, who), 0) for who in drawn} == expected, name
        assert len(set(expected.values())) >= 4, name


def test_one_moment_has_the_order_of_the_funnel(house: House) -> None:
    """Steps of one moment follow each other whatever their rows' order; what is no step comes before them."""
    funnels = [funnel("plain", "abc"), funnel("order", "abc", mode="strict_order")]
    rows = built(house, funnels, {"steps": [(0, "c"), (0, "b"), (0, "a")], "stray": [(0, "a"), (0, "x"), (0, "b")]})
    assert {key: row["level"] for key, row in rows.items()} == {
        ("plain", "steps"): 3,
        ("order", "steps"): 3,
        ("plain", "stray"): 2,
        ("order", "stray"): 2,
    }


def test_among_says_what_ends_a_strict_order(house: House) -> None:
    minded = funnel("minded", "ab", mode="strict_order", among={"event_type": ["y"]})
    rows = built(house, [minded], {"other": [(0, "a"), (1, "x"), (2, "b")], "named": [(0, "a"), (1, "y"), (2, "b")]})
    assert (rows["minded", "other"]["level"], rows["minded", "named"]["level"]) == (2, 1)


def test_an_open_funnel_is_entered_anywhere(house: House) -> None:
    """The furthest chain counts, of those the one that entered first; skipped steps have no time."""
    people = {"whole": [(0, "a"), (1, "b"), (2, "c")], "late": [(0, "b"), (1, "c")], "end": [(0, "c")]}
    people["again"] = [(0, "a"), (1, "b"), (90, "b"), (91, "c")]
    rows = built(house, [funnel("any", "abc", open=True), funnel("shut", "abc")], people)
    found = {who: (rows["any", who]["entry_step"], rows["any", who]["level"]) for who in people}
    assert found == {"whole": (1, 3), "late": (2, 3), "end": (3, 3), "again": (2, 3)}
    assert rows["any", "late"]["step_2_at"] == rows["any", "late"]["entered_at"] == START
    assert rows["any", "end"]["step_2_at"] is None
    assert rows["any", "end"]["step_3_at"] == START
    assert {who for name, who in rows if name == "shut"} == {"whole", "again"}


def test_a_value_held_constant_joins_only_its_own_events(house: House) -> None:
    sofa, lamp = {"product_line": "Sofas"}, {"product_line": "Lighting"}
    people: dict[str, list[Event]] = {
        "mixed": [(0, "a", sofa), (1, "b", lamp), (2, "c", sofa)],
        "two": [(0, "a", sofa), (1, "a", lamp), (2, "b", lamp)],
        "none": [(0, "a"), (1, "b")],
    }
    rows = built(house, [funnel("held", "abc", hold_constant="product_line")], people)
    found = {who: (row["level"], row["held_value"]) for (_, who), row in rows.items()}
    assert found == {"mixed": (1, "Sofas"), "two": (2, "Lighting")}


def test_a_step_may_be_a_stage_or_narrowed_by_columns(house: House) -> None:
    steps = [
        {"name": "seen", "event_type": ["a", "b"], "where": {"channel": ["app", "web"], "device_category": "mobile"}},
        {"name": "bought", "stage": "purchase"},
    ]
    phone = {"channel": "app", "device_category": "mobile", "region": "North"}
    bought: Event = (1, "order", {"stage": "purchase"})
    people: dict[str, list[Event]] = {
        "phone": [(0, "b", phone), bought],
        "desk": [(0, "a", {**phone, "device_category": "desktop"}), bought],
        "looked": [(0, "a", phone), (1, "order", {"stage": "repeat"})],
    }
    rows = built(house, [funnel("narrow", "", steps=steps)], people)
    assert {who: row["level"] for (_, who), row in rows.items()} == {"phone": 2, "looked": 1}
    assert (rows["narrow", "phone"]["region"], rows["narrow", "phone"]["device_category"]) == ("North", "mobile")


def test_an_exclusion_removes_whom_it_meets_between_the_steps(house: House) -> None:
    """Not before the first step, at its moment or after the last; up to the end of the window for who stopped."""
    people: dict[str, list[Event]] = {
        "between": [(0, "a"), (1, "x"), (2, "b"), (3, "c")],
        "before": [(0, "x"), (1, "a"), (2, "b"), (3, "c")],
        "moment": [(0, "a"), (0, "x"), (1, "b"), (2, "c")],
        "after": [(0, "a"), (1, "b"), (2, "c"), (3, "x")],
        "stopped": [(0, "a"), (20, "x")],
        "window": [(0, "a"), (25, "x")],
    }
    any_step = funnel("all", "abc", exclusions=[{"event_type": "x"}])
    last = funnel("last", "abc", exclusions=[{"event_type": "x", "between": ["s_b", "s_c"]}])
    rows = built(house, [any_step, last], people)
    assert {who for (name, who), row in rows.items() if name == "all" and row["is_excluded"]} == {
        "between",
        "stopped",
    }
    assert not any(row["is_excluded"] for (name, _), row in rows.items() if name == "last")
    assert rows["all", "between"]["level"] == 3


def test_a_session_holds_the_events_of_its_device_and_time(house: House) -> None:
    def session(number: int, who: str, device: str, first: int, last: int) -> Row:
        return {
            "session_id": f"s{number}",
            "customer_id": who,
            "device_ref": device,
            "started_at": START + timedelta(hours=first),
            "ended_at": START + timedelta(hours=last),
            "channel": "web",
        }

    house.put(
        "journey.fct_sessions", session(1, "p", "d", 0, 1), session(2, "p", "d", 5, 6), session(3, "p", "e", 0, 6)
    )
    on = {"device_ref": "d"}
    people: dict[str, list[Event]] = {"p": [(0, "a", on), (5, "b", on), (5, "a", on), (6, "b", on), (0, "a")]}
    rows = built(house, [funnel("visit", "ab", unit="session")], people)
    assert {unit: (row["level"], row["customer_id"], row["channel"]) for (_, unit), row in rows.items()} == {
        "s1": (1, "p", "web"),
        "s2": (2, "p", "web"),
    }
