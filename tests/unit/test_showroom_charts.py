"""Properties of the figures: marks stay in their cells, the curve invents nothing, text is inert."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from pipelines.showroom.charts import bars, flow, mood, spark
from pipelines.showroom.charts.svg import tag

SCORES = st.floats(-2, 2)
POINTS = st.lists(
    st.none() | st.builds(lambda v, h: mood.Point(v, v - h, v + h), SCORES, st.floats(0, 1)), min_size=1, max_size=8
)
HOSTILE = '<script>alert(1)</script>" onload="x'


def coordinates(markup: str) -> list[float]:
    return [float(value) for value in re.findall(r'"(-?[\d.]+)%"', markup)]


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6), st.floats(1e-3, 1e6))
def test_bars_stay_in_their_cell(value: float, lo: float, hi: float, top: float) -> None:
    found = coordinates(bars.interval_bar(value, min(lo, value), max(hi, value), top))
    assert found
    assert all(0 <= at <= 100 for at in found)


@given(st.floats(-10, 110), st.floats(0, 20), st.none() | st.floats(-10, 110))
def test_dumbbells_stay_in_their_cell(now: float, half: float, before: float | None) -> None:
    drawn = bars.dumbbell(now=now, lo=now - half, hi=now + half, before=before, axis=(45, 95), average=70, style="grey")
    assert all(0 <= at <= 100 for at in coordinates(drawn))


@given(st.floats(-3, 3), st.floats(0, 2), st.floats(0.1, 3))
def test_differences_stay_in_their_cell(value: float, half: float, full: float) -> None:
    assert all(0 <= at <= 100 for at in coordinates(bars.difference(value, value - half, value + half, full)))


@given(POINTS)
def test_other_curves_are_faint_and_every_point_is_marked(points: list[mood.Point | None]) -> None:
    drawn = mood.picture(points, [None] * len(points), "m", others=[[*reversed(points)]])
    ElementTree.fromstring(drawn)
    assert drawn.count('class="spot"') == sum(point is not None for point in points)
    # A group alone in its columns has no line to draw behind another's.
    assert drawn.count('class="other"') == sum(len(run) > 1 for run in mood.runs(points))


@given(POINTS)
def test_the_curve_is_a_picture_with_a_gap_where_nobody_was_asked(points: list[mood.Point | None]) -> None:
    drawn = mood.picture(points, [None] * len(points), "m")
    ElementTree.fromstring(drawn)
    lines = len(re.findall(r'class="line(?: thin)?"', drawn))
    neighbours = sum(a is not None and b is not None for a, b in pairwise(points))
    assert lines == neighbours


@given(st.lists(SCORES, min_size=2, max_size=8))
def test_the_curve_never_leaves_the_range_of_its_neighbours(scores: list[float]) -> None:
    xs = [float(place) for place in range(len(scores))]
    for place, piece in enumerate(mood.curve(xs, scores)):
        ys = [float(pair.split(" ")[1]) for pair in re.findall(r"-?[\d.]+ -?[\d.]+", piece)]
        low, high = sorted(scores[place : place + 2])
        assert all(low - 0.01 <= y <= high + 0.01 for y in ys)


def test_a_score_beyond_the_scale_stays_at_its_end() -> None:
    assert (mood.place_of(5), mood.place_of(2), mood.place_of(0), mood.place_of(-9)) == (0, 0, 50, 100)


def test_thin_points_are_reached_by_dotted_lines() -> None:
    points = [mood.Point(0, 0, 0), mood.Point(1, 1, 1, is_thin=True), mood.Point(0, 0, 0), mood.Point(0, 0, 0)]
    assert mood.picture(points, [], "m").count('class="line thin"') == 2


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=5))
def test_flows_are_drawn_whole(shares: list[tuple[float, float]]) -> None:
    size, stops = 1000.0, []
    for on, leave in shares:
        ahead, gone = size * on, size * (1 - on) * leave
        stops.append(flow.Stop("Stop", size, ahead, gone, size - ahead - gone, "elsewhere"))
        size = ahead
    stops.append(flow.Stop("End", size, 0, 0, 0))
    drawn = ElementTree.fromstring(flow.picture(stops, title="t", story="s", name="f"))
    assert drawn.attrib["role"] == "img"


def test_hostile_words_are_inert_in_every_figure_with_words() -> None:
    stops = [flow.Stop(HOSTILE, 1000, 400, 300, 300, HOSTILE), flow.Stop(HOSTILE, 400, 0, 0, 0)]
    drawn = flow.picture(stops, title=HOSTILE, story=HOSTILE, name="f") + tag("text", HOSTILE, title=HOSTILE)
    assert "<script" not in drawn
    assert 'onload="x' not in drawn


def test_small_pictures_are_pictures() -> None:
    for drawn in (
        spark.sparkline([mood.Point(1, 0.8, 1.2), None, mood.Point(-1, -2, 0), mood.Point(0.5, 0, 1)], 3, "s"),
        spark.emblem(0.12, 99),
        *(spark.station(kind, 5) for kind in ("gather", "recognise", "group", "follow", "act")),
    ):
        ElementTree.fromstring(drawn)


def test_a_bar_beyond_the_scale_has_an_arrow() -> None:
    assert "›" in bars.diverging(3.0)
    assert "‹" in bars.diverging(-3.0)
    assert "›" not in bars.diverging(0.5)
