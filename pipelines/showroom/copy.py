"""Sentences from numbers: a small set of rules with thresholds.

Belongs here: what is said, and when. Stays out: the numbers themselves, and how one is written (``format.py``).

A title says what was found; where nothing was found it says so. A change counts when it is larger than its margin. No
cause is named without evidence, and what is associated is not said to be caused.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.showroom import format as fmt
from pipelines.showroom.lineage import LAYERS, Made

MOOD_WORDS = ((1.5, "Delighted"), (0.75, "Content"), (0.25, "At ease"), (-0.25, "Neutral"), (-0.75, "Uneasy"))
NOTHING_MOVED = "Nothing moved beyond its margin."
NOTHING_APART = "No stage stands apart"
IN_STAGE = {
    "discover": "when they discover",
    "research": "when they compare",
    "cart": "at the cart",
    "buy": "when they buy",
    "receive": "when they wait for it",
    "help": "when they need help",
    "return": "when they come back",
}


def mood_word(score: float) -> str:
    return next((word for least, word in MOOD_WORDS if score >= least), "Upset")


def at_stage(stage_id: str, name: str) -> str:
    """When they need help; a stage without words of its own is named."""
    return IN_STAGE.get(stage_id, f"at {name}")


def map_title(low: tuple[str, str] | None, money: tuple[str, str] | None) -> str:
    """The finding of a map: a clear low in mood, else where most money is, else neither."""
    if low is not None:
        return f"The mood is lowest {at_stage(*low)}"
    if money is not None:
        return f"Mood is even all along; the money is lost {at_stage(*money)}"
    return NOTHING_APART


def curve_words(name: str, low: tuple[str, float, float] | None, shown: int, stages: int) -> str:
    """What the curve says, for who cannot see it and for who would read too much into it."""
    if not shown:
        return "No stage has enough answers to show a mood."
    asked = "" if shown == stages else f" {fmt.in_words(stages - shown).capitalize()} of {stages} have too few answers."
    if low is None:
        return f"{name}: no stage differs from the others by more than its margin.{asked}"
    stage, score, others = low
    return (
        f"{name}: lowest at {stage}, {fmt.change(score)}, where the other stages have {fmt.change(others)}; "
        f"more than the margin, which allows for {stages} looks.{asked}"
    )


def difference(score: float, everyone: float | None, half: float | None) -> str:
    """0.8 below everyone; nothing where the margin is wider than that."""
    if everyone is None or half is None or abs(score - everyone) <= half:
        return ""
    return f"{abs(score - everyone):.1f} {'below' if score < everyone else 'above'} everyone"


def causes_title(shares: Sequence[float], costed: int) -> str:
    """How few causes hold most of the money that can be told; ``shares`` of it, the largest first."""
    if not shares:
        return "No cause of lost carts can be costed yet"
    held = 0.0
    for place, share in enumerate(shares, start=1):
        held += share
        if held >= 0.7 and place < costed:
            verb = "holds" if place == 1 else "hold"
            return f"{_causes(place)} {verb} most of the money"
    return f"The money is spread over {fmt.in_words(costed)} {'cause' if costed == 1 else 'causes'}"


def _causes(number: int) -> str:
    return "One cause" if number == 1 else f"{fmt.in_words(number).capitalize()} causes"


def funnel_title(better: Sequence[str], worse: Sequence[str], steps: int) -> str:
    """Where they go on more or less often than the rest, beyond the margin."""
    if steps > 1 and len(better) == steps:
        return "They go on more often than the rest at every step"
    if steps > 1 and len(worse) == steps:
        return "They drop away more often than the rest at every step"
    if len(better) > 2 or len(worse) > 2:
        kept = "more" if len(better) >= len(worse) else "less"
        number = max(len(better), len(worse))
        return f"They go on {kept} often than the rest at {fmt.in_words(number)} of {fmt.in_words(steps)} steps"
    if not worse:
        return (
            f"They go on more often than the rest at {_list(better)}" if better else "They go on as often as the rest"
        )
    if better:
        return f"Keener than the rest at {_list(better)}, behind at {_list(worse)}"
    return f"They drop away more often than the rest at {_list(worse)}"


def paths_title(stop: str, leave: float, other: float) -> str:
    """What happens most often after the first stop."""
    if leave >= 0.5:
        return f"After {stop}, {_fraction(leave)} leave"
    if other >= 0.25:
        return f"After {stop}, {_fraction(other)} turn to something else"
    return f"After {stop}, most go on"


def _fraction(share: float) -> str:
    for least, words in ((0.9, "nearly all"), (0.74, "three in four"), (0.62, "two in three"), (0.46, "half")):
        if share >= least:
            return words
    return "a third" if share >= 0.3 else "a quarter"


def moves_title(down: Sequence[str], up: Sequence[str], seen: int) -> str:
    """Who moved beyond the margin."""
    if not seen:
        return "Not enough answers for a change yet"
    rest = "" if len(down) + len(up) == seen else " The rest is within the margin"
    if down and up:
        return f"{_list(down)} slipped, {_list(up)} rose."
    if down:
        return f"{_list(down)} slipped.{rest}"
    if up:
        return f"{_list(up)} rose.{rest}"
    return "No clear change anywhere"


def reading(state: str, lo: float | None, hi: float | None) -> str:
    """A change of satisfaction in words."""
    if state in ("up", "down") and lo is not None and hi is not None:
        ends = sorted((abs(lo), abs(hi)))
        verb = "Rose" if state == "up" else "Slipped"
        return f"{verb} by {ends[0]:.1f} to {ends[1]:.1f} points"
    return {"few": "Under 30 answers", "thin": "Read with care", "first": "First quarter measured"}.get(
        state, "No clear change"
    )


def matrix_title(lows: Sequence[str], segments: int) -> str:
    """Which stage is a clear low for how many segments; ``lows`` names one a segment that has one."""
    if not lows:
        return "No stage is a clear low for any group"
    stage = max(sorted(set(lows)), key=lows.count)
    times = lows.count(stage)
    if times == segments:
        return f"{stage} is the low point for everyone"
    return f"{stage} is the low point for {fmt.in_words(times)} of {fmt.in_words(segments)}"


def tagline(differences: Sequence[tuple[str, float]]) -> str:
    """The two sides of a segment that differ most from everybody, in the words of the measures."""
    said = [words for measure, rel in differences if (words := _trait(measure, rel))]
    if not said:
        return "Much like everybody else"
    text = " and ".join(said[:2])
    return text[:1].upper() + text[1:]


TRAITS = {
    "orders_per_customer": ("order more often", "order less often"),
    "average_order_value": ("spend more on an order", "spend less on an order"),
    "net_revenue_per_customer": ("bring more revenue each", "bring less revenue each"),
    "tickets_per_customer": ("ask for help more often", "ask for help less often"),
    "cart_abandonment_rate": ("leave more carts behind", "leave fewer carts behind"),
    "email_reachable_share": ("can be written to more often", "can be written to less often"),
    "acsi_style_index": ("are more satisfied", "are less satisfied"),
}


def _trait(measure: str, rel: float) -> str:
    words = TRAITS.get(measure)
    return "" if words is None or not rel else words[0 if rel > 0 else 1]


def story(
    *, low: str, money_stage: str, cause: str, amount: str, lost: float | None, everyone_lost: float | None
) -> tuple[tuple[str, str], ...]:
    """Two or three sentences: mood, carts, what could come back. Pieces are (style, text)."""
    said: list[tuple[str, str]] = []
    if low:
        said += [("plain", "The mood breaks "), ("pain", low), ("plain", ". ")]
    else:
        said.append(("plain", "Their mood is even from the first look to the last. "))
    if lost is not None and everyone_lost is not None:
        side = "more" if lost > everyone_lost else "fewer"
        said.append(
            (
                "plain",
                f"They leave {fmt.share(lost)} of their carts, {side} than everyone ({fmt.share(everyone_lost)}). ",
            )
        )
    if cause and amount:
        said += [
            ("plain", f"The costliest barrier is “{cause}”, met "),
            ("pain", money_stage),
            ("plain", "; mending it could bring back about "),
            ("strong", f"{amount} a year"),
            ("plain", "."),
        ]
    return tuple(said)


def changes(moved: Sequence[tuple[str, str, float, float, float]], limit: int = 3) -> tuple[str, ...]:
    """Up to three real changes of satisfaction: (who, metric, change, lo, hi), the largest first."""
    real = sorted((row for row in moved if row[3] > 0 or row[4] < 0), key=lambda row: (-abs(row[2]), row[0], row[1]))
    if not real:
        return (NOTHING_MOVED,)
    return tuple(
        f"{metric} of {who} {'rose' if value > 0 else 'slipped'} by {min(abs(lo), abs(hi)):.1f} to "
        f"{max(abs(lo), abs(hi)):.1f} points."
        for who, metric, value, lo, hi in real[:limit]
    )


def checks(number: int, worried: Sequence[str]) -> str:
    """How many checks the tables behind a figure were held against, and which of them want a look."""
    if not number:
        return "No check of these tables is published."
    if worried:
        return f"{fmt.count(number)} checks on these tables; to look at: {', '.join(worried)}."
    return f"All {fmt.count(number)} checks on these tables passed." if number > 1 else "The check on it passed."


def lineage(made: Sequence[Made]) -> str:
    """The way of the data in one line: systems, layers, what computed the tables."""
    systems = sorted({system for table in made for system in table.systems})
    if not systems:
        return ""
    layers = [
        f"{fmt.count(len(names))} {layer}"
        for layer in LAYERS
        if (names := {name for table in made for name in getattr(table, layer)})
    ]
    by = sorted({table.by for table in made if table.by})
    steps = [_list(systems), *([f"{_list(layers)} models"] if layers else [])]
    return " → ".join([*steps, *([_list(by)] if by else [])])


def absent(table: str, what: str) -> str:
    """A figure whose table is not published."""
    return f"{what} not published yet: the table {table} is not in this version. It appears here when it is."


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
