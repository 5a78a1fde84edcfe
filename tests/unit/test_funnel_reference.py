"""What a funnel's level must keep whatever the events, of the loop the warehouse's model is held against."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.funnels import MODES
from tests.funnel_reference import window_funnel

N_STEPS = 4
EVENTS = st.lists(st.tuples(st.integers(0, 14), st.integers(0, N_STEPS)), max_size=14)
WINDOWS = st.integers(0, 14)
MIXTURES = [modes for n in range(1, len(MODES) + 1) for modes in combinations(MODES, n)]


def furthest(events: list[tuple[int, int]], window: int) -> int:
    """The default mode by trying every start and taking each step as early as it can be."""
    best = 0
    for start, first in events:
        level, at = int(first == 1), start
        while level and level < N_STEPS:
            later = [t for t, step in events if step == level + 1 and at <= t <= start + window]
            if not later:
                break
            level, at = level + 1, min(later)
        best = max(best, level)
    return best


@given(EVENTS, WINDOWS)
def test_the_loop_finds_the_furthest_chain(events, window):
    assert window_funnel(events, N_STEPS, window) == furthest(events, window)


@given(EVENTS, WINDOWS)
def test_strict_modes_reach_no_further(events, window):
    level = window_funnel(events, N_STEPS, window)
    assert all(window_funnel(events, N_STEPS, window, modes) <= level for modes in MIXTURES)


@given(EVENTS, WINDOWS, st.integers(0, 14), EVENTS)
def test_a_wider_window_and_more_events_lose_nothing(events, window, wider, more):
    level = window_funnel(events, N_STEPS, window)
    assert window_funnel(events, N_STEPS, window + wider) >= level
    assert window_funnel(events + more, N_STEPS, window) >= level


@given(EVENTS, WINDOWS, st.integers(2, N_STEPS))
def test_a_longer_funnel_starts_as_the_shorter(events, window, n_steps):
    """Levels of a funnel cut short are those of the whole, cut: nobody reaches a step without the one before."""
    short = window_funnel([event for event in events if event[1] < n_steps], n_steps - 1, window)
    assert short == min(window_funnel(events, N_STEPS, window), n_steps - 1)


@given(EVENTS, WINDOWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_is_irrelevant(events, window, random):
    shuffled = events[:]
    random.shuffle(shuffled)
    for modes in ((), *MIXTURES):
        assert window_funnel(shuffled, N_STEPS, window, modes) == window_funnel(events, N_STEPS, window, modes)
