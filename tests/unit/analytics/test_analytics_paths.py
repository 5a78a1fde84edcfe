"""Paths by hand: shares, entropy, distance, what is grouped and what stays, and no difference where there is none."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF, mart

from pipelines.analytics.journey.paths import build_path_differences, build_path_transitions

ORDER = mart("seeds.path_steps", path_step=["a", "b", "c"], step_order=[1, 2, 3])


def built(build, rows, regions=None, *, min_cell=1):
    people = sorted({who for who, *_ in rows})
    return build(
        transitions=mart(
            "journey.agg_path_transitions",
            customer_id=[who for who, *_ in rows],
            from_step=[left for _, left, _, _ in rows],
            to_step=[entered for _, _, entered, _ in rows],
            n_transitions=[times for *_, times in rows],
        ),
        order=ORDER,
        customers=mart(
            "core.dim_customers",
            customer_id=people,
            region=[(regions or {}).get(who, "North") for who in people],
            is_staff=[who == "staff" for who in people],
        ),
        membership=pl.DataFrame(schema={"scheme_id": pl.String, "customer_id": pl.String, "segment_id": pl.String}),
        as_of=AS_OF,
        run_id="r1",
        min_cell=min_cell,
    )


def company(frame, left, entered):
    (found,) = frame.filter(scheme_id="company", from_step=left, to_step=entered).to_dicts()
    return found


def test_shares_directions_and_entropy_by_hand():
    rows = [
        *(("p", "START", "a", 1), ("p", "a", "b", 1), ("p", "b", "a", 1), ("p", "a", "a", 1), ("p", "a", "END", 2)),
        *(("q", "START", "a", 1), ("q", "a", "b", 4), ("q", "b", "END", 1)),
        ("staff", "a", "c", 100),
    ]
    frame = built(build_path_transitions, rows)
    assert {
        (row["from_step"], row["to_step"]): (row["direction"], row["n_transitions"], row["n_customers"], row["n"])
        for row in frame.filter(scheme_id="company").to_dicts()
    } == {
        ("START", "a"): ("start", 2, 2, 2),
        ("a", "a"): ("loop", 1, 1, 8),
        ("a", "b"): ("forward", 5, 2, 8),
        ("a", "END"): ("end", 2, 1, 8),
        ("b", "a"): ("backward", 1, 1, 2),
        ("b", "END"): ("end", 1, 1, 2),
    }
    assert company(frame, "a", "b")["value"] == 5 / 8
    row_a = -sum(share * np.log2(share) for share in (1 / 8, 5 / 8, 2 / 8))
    assert company(frame, "a", "b")["row_entropy_bits"] == pytest.approx(row_a)
    assert company(frame, "b", "a")["row_entropy_bits"] == pytest.approx(1)
    assert company(frame, "START", "a")["row_entropy_bits"] == 0
    assert company(frame, "START", "a")["path_entropy_bits"] == pytest.approx((8 * row_a + 2 * 1 + 2 * 0) / 12)
    ranked = frame.filter(scheme_id="company").drop_nulls("flow_rank").sort("flow_rank")
    assert ranked.select("from_step", "to_step").rows() == [("a", "b"), ("START", "a"), ("a", "END"), ("b", "END")]


def test_the_person_is_the_unit_not_the_transition():
    once = [(f"p{i}", "a", "b" if i % 2 else "c", 1) for i in range(100)]
    often = [(who, left, entered, 50) for who, left, entered, _ in once]
    found = [company(built(build_path_transitions, rows), "a", "b") for rows in (once, often)]
    width = [row["hi"] - row["lo"] for row in found]
    assert width[0] == pytest.approx(width[1])
    assert width[0] == pytest.approx(2 * 1.96 * 0.05, rel=0.02)


def test_small_and_minor_steps_are_one_row_and_loops_keep_theirs():
    rows = [(f"p{i}", "a", "b", 10) for i in range(30)] + [(f"p{i}", "a", "c", 1) for i in range(2)]
    grouped = built(build_path_transitions, rows, min_cell=1)
    # 2 of 302 is less than one in a hundred.
    assert company(grouped, "a", "other")["n_transitions"] == 2
    loops = [(who, left, "a" if entered == "c" else entered, times) for who, left, entered, times in rows]
    assert company(built(build_path_transitions, loops, min_cell=1), "a", "a")["direction"] == "loop"
    # Two persons are too few to be shown, and would follow from the row's total: the next step joins them.
    (whole,) = built(build_path_transitions, rows, min_cell=11).filter(scheme_id="company").to_dicts()
    assert (whole["to_step"], whole["n_customers"], whole["value"], whole["suppressed"]) == ("other", 30, 1.0, False)


def test_a_step_that_few_leave_shows_no_number():
    (row,) = built(build_path_transitions, [("p", "a", "b", 40)], min_cell=11).filter(scheme_id="company").to_dicts()
    assert row["suppressed"]
    assert [row[name] for name in ("value", "n", "n_transitions", "n_customers", "row_entropy_bits")] == [None] * 5


def test_distance_and_the_steps_that_make_it_by_hand():
    rows, regions = [], {}
    for i in range(40):
        for region, entered in (("North", "b" if i < 30 else "c"), ("South", "b" if i < 10 else "END")):
            who = f"{region}{i}"
            regions[who] = region
            rows.append((who, "a", entered, 1))
    found = built(build_path_differences, rows, regions).filter(scheme_id="region", segment_id="North")
    by_step = {row["to_step"]: row for row in found.to_dicts()}
    # North b 3/4, c 1/4; the rest b 1/4, END 3/4: half of 1/2 + 1/4 + 3/4.
    assert by_step["b"]["value"] == pytest.approx(0.5)
    assert by_step["b"]["row_distance"] == by_step["b"]["path_distance"] == pytest.approx(0.75)
    assert by_step["b"]["p_adj"] < 0.001
    assert by_step["b"]["contribution"] == pytest.approx(0.25)
    assert 0 < by_step["b"]["row_distance_by_chance"] < 0.2


def test_segments_that_do_not_differ_are_as_far_apart_as_chance_puts_them():
    rng = np.random.default_rng(3)
    ratios, found = [], 0
    for _ in range(20):
        rows = [(f"p{i}", "a", rng.choice(["b", "c", "END", "a"]), 1 + int(rng.integers(3))) for i in range(400)]
        regions = {who: "North" if rng.random() < 0.5 else "South" for who, *_ in rows}
        frame = built(build_path_differences, rows, regions).filter(segment_id="North")
        ratios.append(frame["path_distance"][0] / frame["path_distance_by_chance"][0])
        found += int((frame["p_adj"] < 0.05).any())
    assert 0.75 < np.mean(ratios) < 1.25
    assert found <= 4
