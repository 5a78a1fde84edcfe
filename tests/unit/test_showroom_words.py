"""How numbers are written and what is said of them, the nothing-found cases among them."""

from __future__ import annotations

import pytest

from pipelines.showroom import copy
from pipelines.showroom import format as fmt
from pipelines.showroom.model import Estimate

Costed = tuple[str, float, float]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "€0"),
        (9.4, "€9"),
        (74.9, "€75"),
        (949, "€950"),
        (999, "€1.0k"),
        (1_040, "€1.0k"),
        (154_300, "€154k"),
        (999_499, "€999k"),
        (1_200_000, "€1.2\u00a0M"),
        (-1_600, "−€1.6k"),
        (None, "–"),
    ],
)
def test_money(value: float | None, text: str) -> None:
    assert fmt.money(value, "EUR") == text


def test_money_of_a_currency_without_a_sign_keeps_its_code() -> None:
    assert (fmt.money(20_000, "NOK"), fmt.money(20_000, "CHF")) == ("NOK\u00a020k", "CHF\u00a020k")


@pytest.mark.parametrize(
    ("value", "text"), [(0.614, "61%"), (0.078, "7.8%"), (0.0996, "10%"), (0, "0%"), (1, "100%"), (None, "–")]
)
def test_shares(value: float | None, text: str) -> None:
    assert fmt.share(value) == text


@pytest.mark.parametrize(("value", "text"), [(2.94, "+2.9"), (-1.13, "−1.1"), (0.04, "0.0"), (-0.04, "0.0")])
def test_a_change_has_a_real_sign_and_nothing_has_none(value: float, text: str) -> None:
    assert fmt.change(value) == text


def test_times_dates_and_the_rest() -> None:
    assert [fmt.duration(seconds) for seconds in (26, 660, 11_520, 155_520)] == [
        "26\u00a0s",
        "11\u00a0min",
        "3.2\u00a0h",
        "1.8\u00a0days",
    ]
    assert fmt.day("2026-10-31") == "31 Oct 2026"
    assert fmt.moment("2026-11-23T05:58:52+00:00") == "23 Nov 2026, 05:58 UTC"
    assert (fmt.quarter("2026Q3"), fmt.quarter("all")) == ("Q3 2026", "all")
    assert (fmt.relative(1.27), fmt.relative(-0.41), fmt.relative(2.6), fmt.points(-0.07)) == (
        "+127%",
        "−41%",
        "×4",
        "−7 pts",
    )


def test_the_title_of_a_map_tells_a_clear_low_else_the_money_else_neither() -> None:
    money = ("buy", "Buy")
    assert copy.map_title(("help", "Get help"), money, told=True) == "The mood is lowest when they need help"
    assert copy.map_title(None, money, told=True) == "No mood stands apart; the costliest barrier is met when they buy"
    assert copy.map_title(None, None, told=True) == "No stage stands apart"
    assert copy.map_title(("x", "Unpack"), None, told=True) == "The mood is lowest at Unpack"
    # Where hardly anybody answered, nothing is said of the mood.
    assert copy.map_title(None, money, told=False) == "The costliest barrier is met when they buy"
    assert copy.map_title(None, None, told=False) == "Too few answers to say where the mood breaks"


def test_a_story_says_no_more_than_its_margins() -> None:
    said = {"low": "", "stages": 7, "money_stage": "", "cause": "", "amount": ""}

    def story(told: int, half: float) -> str:
        lost = Estimate(0.6, 0.6 - half, 0.6 + half, 100)
        return "".join(text for _, text in copy.story(**said, told=told, lost=lost, everyone=Estimate(0.67)))

    assert story(7, 0.03) == (
        "Their mood is even all along. They leave 60% of their carts, fewer than everyone (67%). "
    )
    assert "about as many as everyone" in story(7, 0.1)
    assert "even in the three stages with enough answers" in story(3, 0.1)
    assert story(2, 0.1).startswith("Too few of them answered to say where their mood breaks.")


def test_a_difference_inside_its_margin_is_not_said() -> None:
    assert copy.difference(0.2, 1.0, 0.3) == "0.8 below everyone"
    assert copy.difference(1.2, 1.0, 0.3) == ""
    assert copy.difference(1.2, None, 0.3) == ""


def test_nothing_moved_is_said_when_nothing_moved_beyond_its_margin() -> None:
    still = [("Home", "Satisfaction", 2.0, -0.1, 4.1, "")]
    assert copy.changes(still) == ("Nothing moved beyond its margin.",)
    moved = [*still, ("Outdoor", "Satisfaction", -5.3, -7.8, -2.8, "mix"), ("Table", "Satisfaction", 1.0, 0.2, 1.8, "")]
    assert copy.changes(moved) == (
        "Satisfaction of Outdoor slipped by 2.8 to 7.8 points; another mix of products, not lower scores.",
        "Satisfaction of Table rose by 0.2 to 1.8 points.",
    )


@pytest.mark.parametrize(
    ("down", "up", "seen", "title"),
    [
        ([], [], 0, "Not enough answers for a change yet"),
        ([], [], 5, "No clear change anywhere"),
        (["South"], [], 5, "South slipped; the rest is within the margin"),
        (["South"], [], 1, "South slipped"),
        (["South"], ["Home", "Table"], 5, "South slipped, Home and Table rose"),
    ],
)
def test_titles_of_moves(down: list[str], up: list[str], seen: int, title: str) -> None:
    assert copy.moves_title(down, up, seen) == title


@pytest.mark.parametrize(
    ("costed", "title"),
    [
        ([], "No cause of lost carts can be costed yet"),
        ([("Errors", 1.0, 3.0)], "“Errors” costs most"),
        ([("Errors", 5.0, 9.0), ("Slow pages", 1.0, 4.0)], "“Errors” costs most"),
        ([("Errors", 5.0, 9.0), ("Detours", 4.0, 8.0), ("Coupon", 1.0, 2.0)], "“Errors” or “Detours” costs most"),
        ([("Errors", 5.0, 9.0), ("Detours", 4.0, 8.0)], "No cause of lost carts clearly costs more than the others"),
        ([(name, 5.0, 9.0) for name in "abc"] + [("d", 1.0, 2.0)], "Three of four causes cost about the same"),
    ],
)
def test_titles_of_causes_name_those_whose_ranges_cannot_be_told_apart(costed: list[Costed], title: str) -> None:
    assert copy.causes_title(costed) == title


def test_titles_of_funnels() -> None:
    assert copy.funnel_title([], [], 4) == "They go on as often as the rest"
    assert copy.funnel_title(["a", "b"], [], 2) == "They go on more often than the rest at every step"
    assert copy.funnel_title(["look"], ["pay"], 4) == "Keener than the rest at look, behind at pay"
    assert copy.funnel_title([], ["a", "b", "c"], 4) == "They go on less often than the rest at three of four steps"


def test_titles_of_who_drops_away() -> None:
    assert copy.behind_title([("New", 0), ("Lapsed", 3)]) == "Lapsed drop away more often than the rest at three steps"
    assert copy.behind_title([("New", 1)]) == "New drop away more often than the rest at one step"
    for nobody in ([], [("New", 0)]):
        assert copy.behind_title(nobody) == "No group drops away more often than the rest at any step"


def test_paths_do_not_say_who_left_where_that_is_hidden() -> None:
    assert copy.paths_title("a page", 0.6, 0.1) == "After a page, half leave"
    assert copy.paths_title("a page", None, 0.5) == "After a page, half do not go on"
    assert copy.paths_title("a page", None, 0.1) == "After a page, most go on"


def test_titles_of_opportunities() -> None:
    ideas = [("Faster pages", 5.0, 9.0), ("Clear prices", 1.0, 4.0)]
    assert copy.opportunities_title(ideas, 3) == "“Faster pages” could bring most"
    # One whose range reaches the first one's may be worth as much.
    level = [*ideas, ("Fewer steps", 2.0, 6.0)]
    assert copy.opportunities_title(level, 3) == "“Faster pages” or “Fewer steps” could bring most"
    assert copy.opportunities_title([*level, ("Search", 1.0, 5.0)], 4) == "Any of three ideas could bring most"
    assert copy.opportunities_title([], 3) == "No opportunity is costed yet"
    assert copy.opportunities_title([], 0) == "Nothing is planned yet"


def test_titles_of_the_matrix() -> None:
    assert copy.matrix_title([], 5, told=True) == "No stage is a clear low for any group"
    assert copy.matrix_title(["Buy", "Buy", "Cart"], 5, told=True) == "Buy is the low point for two of five"
    assert copy.matrix_title(["Buy"] * 3, 3, told=True) == "Buy is the low point for everyone"


@pytest.mark.parametrize(
    ("score", "word"), [(2, "Delighted"), (0.9, "Content"), (0, "Neutral"), (-0.5, "Uneasy"), (-2, "Upset")]
)
def test_mood_words(score: float, word: str) -> None:
    assert copy.mood_word(score) == word


def test_a_group_is_told_by_its_differences_else_by_its_rule() -> None:
    assert copy.tagline([("orders_per_customer", 0.2)], "no order yet") == "Order more often"
    assert copy.tagline([], "no order yet") == "No order yet"
    assert copy.tagline([]) == "Much like everybody else"


def test_what_nobody_has_written_of_a_map_is_said_in_one_sentence() -> None:
    assert copy.unsaid([]) == ""
    assert copy.unsaid(["goal"]) == "Nobody has named its goal yet."
    assert copy.unsaid(["scenario", "goal", "owner"]) == "Nobody has named its situation, goal and keeper yet."
