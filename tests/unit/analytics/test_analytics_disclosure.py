"""Small counts never show, directly or by subtraction."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipelines.analytics.disclosure import Sum, derivable, hide, protect, sums_of

MIN_CELL = 11
PARENTS = {"Sofas": "Home", "Lighting": "Home", "Garden": "Outdoor"}


def cube(rows: dict[tuple[str, str], tuple[int, ...]], quarters: int) -> pl.DataFrame:
    """Cells by group of one dimension and quarter, with all margins."""
    cells = []
    for (dimension, group), counts in rows.items():
        cells += [(dimension, group, f"Q{number}", count) for number, count in enumerate(counts)]
        cells.append((dimension, group, "all", sum(counts)))
    dimension = next(iter(rows))[0]
    for number in range(quarters):
        total = sum(counts[number] for (name, _), counts in rows.items() if name == dimension)
        cells.append(("company", "all", f"Q{number}", total))
    cells.append(("company", "all", "all", sum(sum(c) for (name, _), c in rows.items() if name == dimension)))
    return pl.DataFrame(cells, schema=["dimension", "group_id", "period", "n"], orient="row").with_columns(
        pl.lit("m").alias("metric_id")
    )


def hidden(frame: pl.DataFrame, parents: dict[str, str] | None = None) -> set[tuple[str, str, str]]:
    marked = protect(
        frame,
        ["n"],
        table_by=["metric_id"],
        dimension="dimension",
        group="group_id",
        period="period",
        min_cell=MIN_CELL,
        parents=parents,
    )
    return set(marked.filter("hide_n").select("dimension", "group_id", "period").iter_rows())


def test_nothing_small_hides_nothing():
    assert hidden(cube({("region", "North"): (20, 30), ("region", "South"): (11, 0)}, 2)) == set()


def test_nine_answers_take_three_companions_with_them():
    # By the quarter's total another region must go, by the region's total another quarter, and the corner they share.
    frame = cube({("region", "Alpine"): (9, 40), ("region", "North"): (90, 80), ("region", "East"): (60, 70)}, 2)
    found = hidden(frame)
    assert found == {("region", g, p) for g in ("Alpine", "East") for p in ("Q0", "Q1")}


def test_two_small_cells_that_add_up_to_a_small_one_take_a_third():
    found = hidden(
        cube({("region", "A"): (3,), ("region", "B"): (4,), ("region", "C"): (50,), ("region", "D"): (60,)}, 1)
    )
    assert {("region", g, "Q0") for g in "ABC"} <= found


def test_product_lines_do_not_give_their_division_s_other_line_away():
    rows = {
        ("product_line", "Sofas"): (5, 50),
        ("product_line", "Lighting"): (60, 60),
        ("product_line", "Garden"): (20, 20),
    }
    divisions = cube({("division", "Home"): (65, 110), ("division", "Outdoor"): (20, 20)}, 2)
    frame = pl.concat([cube(rows, 2), divisions.filter(pl.col("dimension") == "division")])
    found = hidden(frame, PARENTS)
    # Garden is smaller and would do for the company's total, but Home - Lighting would still be Sofas.
    assert ("product_line", "Lighting", "Q0") in found
    assert not any(dimension == "division" for dimension, _, _ in found)
    assert ("product_line", "Lighting", "Q0") not in hidden(frame, {})


def test_a_single_group_hides_the_company_too():
    assert ("company", "all", "Q0") in hidden(cube({("region", "North"): (5, 30)}, 2))


def test_everything_small_is_all_hidden():
    frame = cube({("region", "North"): (2,), ("region", "South"): (3,)}, 1)
    assert len(hidden(frame)) == frame.height


def test_null_counts_are_no_cells():
    frame = cube({("region", "North"): (20, 30), ("region", "South"): (15, 18)}, 2).with_columns(
        pl.when(pl.col("group_id") == "South").then("n").alias("n")
    )
    assert hidden(frame) == set()


def test_derivable_sees_through_a_chain_of_sums():
    # a + b = known, b + c = known and c shown: b follows, then a.
    assert derivable([0, 1], [Sum(3, (0, 1)), Sum(4, (1, 2))]) == [0, 1]
    assert derivable([0, 1, 2], [Sum(3, (0, 1)), Sum(4, (1, 2))]) == []


tables = st.integers(1, 4).flatmap(
    lambda quarters: st.lists(
        st.lists(st.one_of(st.integers(0, 30), st.integers(0, 400)), min_size=quarters, max_size=quarters),
        min_size=1,
        max_size=6,
    )
)


@given(tables)
def test_no_small_count_is_shown_or_follows(rows):
    quarters = len(rows[0])
    frame = cube({("region", f"g{number}"): tuple(counts) for number, counts in enumerate(rows)}, quarters).filter(
        pl.col("n") > 0
    )
    if frame.is_empty():
        return
    ordered = frame.sort("dimension", "group_id", "period")
    counts = ordered["n"].to_list()
    sums = sums_of(ordered.select("dimension", "group_id", "period").rows(), {})
    secret = hide(counts, sums, MIN_CELL)
    assert all(count >= MIN_CELL for place, count in enumerate(counts) if place not in secret)
    assert derivable(sorted(secret), sums) == []
    for known in sums:
        rest = sum(counts[cell] for cell in known.parts if cell in secret)
        assert known.total in secret or not 0 < rest < MIN_CELL


def test_where_a_quarter_has_one_group_its_total_is_the_last_to_go():
    """Old quarters have lapsed buyers only: a group hidden there would take the company's total with it."""
    rows = {
        ("lifecycle", "active"): (0, 0, 0, 27, 184),
        ("lifecycle", "at_risk"): (0, 0, 4, 2451, 55),
        ("lifecycle", "lapsed"): (60, 347, 4031, 3424, 0),
        ("lifecycle", "new"): (0, 0, 0, 6, 5181),
    }
    frame = cube(rows, 5)
    found = hidden(frame)
    assert {("lifecycle", "at_risk", "Q2"), ("lifecycle", "new", "Q3")} <= found
    assert {period for _, _, period in found} == {"Q2", "Q3", "Q4"}
    assert "company" not in {dimension for dimension, _, _ in found}
    used = frame.filter(pl.col("n") > 0)
    cells = used.select("dimension", "group_id", "period").rows()
    assert derivable([number for number, cell in enumerate(cells) if cell in found], sums_of(cells, {})) == []
