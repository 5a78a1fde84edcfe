"""Sentences from numbers: a small set of rules with thresholds.

Belongs here: what is said, and when. Stays out: the numbers themselves, and how one is written (``format.py``).

A title says what was found; where nothing was found it says so. A change counts when it is larger than its margin. No
cause is named without evidence, and what is associated is not said to be caused.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.showroom import format as fmt
from pipelines.showroom.lineage import LAYERS, Made
from pipelines.showroom.model import Estimate

MOOD_WORDS = ((1.5, "Delighted"), (0.75, "Content"), (0.25, "At ease"), (-0.25, "Neutral"), (-0.75, "Uneasy"))
NOTHING_MOVED = "Nothing moved beyond its margin."
NOT_ASKED = "Not asked"
NONE_OPEN = "No idea is open."
NOT_MEASURED = "Nobody was asked how satisfied they are, so nothing is known to have moved."
NOTHING_APART = "No stage stands apart"
FEW = 0.25
NAMED = 2
"""Causes a title names; more are counted."""
FEWEST_TO_COMPARE = 3
"""Stages with a mood below which none is called the lowest."""
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


def map_title(low: tuple[str, str] | None, money: tuple[str, str] | None, *, told: bool, asked: bool = True) -> str:
    """The finding of a map: a clear low in mood, else where the costliest barrier is, else neither.

    ``told`` says that enough stages have a mood for one to stand apart from the others, ``asked`` that anybody was
    asked at all.
    """
    if low is not None:
        return f"The mood is lowest {at_stage(*low)}"
    if money is not None:
        lost = f"the costliest barrier is met {at_stage(*money)}"
        return f"No mood stands apart; {lost}" if told else f"{lost[:1].upper()}{lost[1:]}"
    if told:
        return NOTHING_APART
    return "Too few answers to say where the mood breaks" if asked else "Nobody was asked how it felt"


def curve_words(name: str, low: tuple[str, float, float] | None, shown: int, stages: int) -> str:
    """What the curve says, for who cannot see it and for who would read too much into it."""
    if not shown:
        return "No stage has enough answers to show a mood."
    verb = "has" if stages - shown == 1 else "have"
    few = f" {fmt.in_words(stages - shown).capitalize()} of {stages} {verb} too few answers."
    asked = "" if shown == stages else few
    if low is None and shown < FEWEST_TO_COMPARE:
        return f"{name}: too few stages have a mood to compare them.{asked}"
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


def causes_title(costed: Sequence[tuple[str, float, float]], *, seen: bool = True) -> str:
    """The costliest cause; ``costed`` are names with both ends of what each could bring back, the costliest first.

    Causes overlap, so none is said to hold a part of a sum. One whose range reaches the first one's may be
    the costliest as well, and is named beside it.
    """
    if not seen:
        return "No carts to look at"
    if not costed:
        return "No cause of lost carts can be costed yet"
    least = costed[0][1]
    near = [name for name, _, hi in costed if hi >= least]
    if len(near) == len(costed) > 1:
        return "No cause of lost carts clearly costs more than the others"
    named = [f"“{name}”" for name in near[:NAMED]]
    if len(near) > NAMED:
        return f"{fmt.in_words(len(near)).capitalize()} of {fmt.in_words(len(costed))} causes cost about the same"
    return f"{_list(named, 'or')} costs most"


def funnel_title(better: Sequence[str], worse: Sequence[str], steps: int) -> str:
    """Where they go on more or less often than the rest, beyond the margin, of the ``steps`` that can be told."""
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


def paths_title(stop: str, leave: float | None, other: float) -> str:
    """What happens most often after the first stop; ``leave`` is none where it is among the others."""
    if leave is None:
        return f"After {stop}, {_fraction(other)} do not go on" if other >= FEW else f"After {stop}, most go on"
    if leave >= 0.5:
        return f"After {stop}, {_fraction(leave)} leave"
    if other >= FEW:
        return f"After {stop}, {_fraction(other)} turn to something else"
    return f"After {stop}, most go on"


def _fraction(share: float) -> str:
    for least, words in ((0.9, "nearly all"), (0.74, "three in four"), (0.62, "two in three"), (0.46, "half")):
        if share >= least:
            return words
    return "a third" if share >= 0.3 else "a quarter"


def moves_title(down: Sequence[str], up: Sequence[str], seen: int, *, asked: bool = True) -> str:
    """Who moved beyond the margin."""
    if not asked:
        return "Nobody was asked how satisfied they are"
    if not seen:
        return "Not enough answers for a change yet"
    rest = "" if len(down) + len(up) == seen else "; the rest is within the margin"
    if down and up:
        return f"{_list(down)} slipped, {_list(up)} rose"
    if down:
        return f"{_list(down)} slipped{rest}"
    if up:
        return f"{_list(up)} rose{rest}"
    return "No clear change anywhere"


def reading(state: str, lo: float | None, hi: float | None, explained_by: str = "") -> str:
    """A change of satisfaction in words; ``explained_by`` says whether scores moved (rate) or what was rated (mix)."""
    if state in ("up", "down") and lo is not None and hi is not None:
        ends = sorted((abs(lo), abs(hi)))
        verb = "Rose" if state == "up" else "Slipped"
        return f"{verb} by {ends[0]:.1f} to {ends[1]:.1f} points{_because(explained_by, state == 'up')}"
    return {"few": "Under 30 answers", "thin": "Read with care", "first": "First quarter measured"}.get(
        state, "No clear change"
    )


def _because(explained_by: str, is_rise: bool) -> str:
    """A total moves without any of its parts when the mix of the parts does; then the parts are not to blame."""
    if explained_by != "mix":
        return ""
    return f"; another mix of products, not {'higher' if is_rise else 'lower'} scores"


def behind_title(behind: Sequence[tuple[str, int]], *, seen: bool = True) -> str:
    """Which group drops away more often than the rest at most steps; ``behind`` counts them by group."""
    if not seen:
        return "No visits to follow"
    name, steps = max(behind, key=lambda group: group[1], default=("", 0))
    if not steps:
        return "No group drops away more often than the rest at any step"
    where = "one step" if steps == 1 else f"{fmt.in_words(steps)} steps"
    return f"{name} drop away more often than the rest at {where}"


def opportunities_title(costed: Sequence[tuple[str, float, float]], number: int) -> str:
    """The most valuable of the open opportunities; ``costed`` are titles with both ends, the most valuable first.

    Those whose ranges reach the first one's may be worth as much, and are named or counted beside it.
    """
    if not number:
        return "Nothing is planned yet"
    if not costed:
        return "No opportunity is costed yet"
    near = [title for title, _, hi in costed if hi >= costed[0][1]]
    if len(near) > NAMED:
        return f"Any of {fmt.in_words(len(near))} ideas could bring most"
    return f"{_list([f'“{title}”' for title in near], 'or')} could bring most"


def matrix_title(lows: Sequence[str], segments: int, *, told: bool, asked: bool = True) -> str:
    """Which stage is a clear low for how many segments; ``lows`` names one a segment that has one.

    ``told`` says that some group has moods enough to compare, ``asked`` that anybody was asked.
    """
    if not told:
        return "Too few answers to compare moods" if asked else "Nobody was asked how it felt"
    if not lows:
        return "No stage is a clear low for any group"
    stage = max(sorted(set(lows)), key=lows.count)
    times = lows.count(stage)
    if times == segments:
        return f"{stage} is the low point for everyone"
    return f"{stage} is the low point for {fmt.in_words(times)} of {fmt.in_words(segments)}"


def tagline(differences: Sequence[tuple[str, float]], rule: str = "") -> str:
    """The two sides of a segment that differ most from everybody, in the words of the measures; else its rule."""
    said = [words for measure, rel in differences if (words := _trait(measure, rel))]
    text = " and ".join(said[:2]) or rule or "much like everybody else"
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
    *,
    low: str,
    told: int,
    stages: int,
    money_stage: str,
    cause: str,
    amount: str,
    lost: Estimate,
    everyone: Estimate,
    asked: bool = True,
) -> tuple[tuple[str, str], ...]:
    """Two or three sentences: mood, carts, what could come back. Pieces are (style, text).

    ``told`` of the ``stages`` have a mood; ``lost`` and ``everyone`` are the shares of carts left behind.
    """
    said: list[tuple[str, str]] = []
    if low:
        said += [("plain", "The mood breaks "), ("pain", low), ("plain", ". ")]
    elif not asked:
        said.append(("plain", "Nobody asked them how it felt. "))
    elif told < FEWEST_TO_COMPARE:
        said.append(("plain", "Too few of them answered to say where their mood breaks. "))
    else:
        seen = "all along" if told == stages else f"in the {fmt.in_words(told)} stages with enough answers"
        said.append(("plain", f"Their mood is even {seen}. "))
    if lost.value is not None and lost.shown and everyone.value is not None:
        said.append(("plain", f"They leave {fmt.share(lost.value)} of their carts, {_against(lost, everyone.value)}. "))
    if cause and amount:
        said += [
            ("plain", f"The costliest barrier is “{cause}”, met "),
            ("pain", money_stage),
            ("plain", "; mending it could bring back about "),
            ("strong", f"{amount} a year"),
            ("plain", "."),
        ]
    return tuple(said)


def _against(own: Estimate, everyone: float) -> str:
    """More or fewer than everyone where the margin says so, else about as many."""
    if own.lo is not None and own.lo > everyone:
        side = "more than"
    elif own.hi is not None and own.hi < everyone:
        side = "fewer than"
    else:
        side = "about as many as"
    return f"{side} everyone ({fmt.share(everyone)})"


def changes(moved: Sequence[tuple[str, str, float, float, float, str]], limit: int = 3) -> tuple[str, ...]:
    """Up to three real changes of satisfaction: (who, metric, change, lo, hi, explained by), the largest first."""
    real = sorted((row for row in moved if row[3] > 0 or row[4] < 0), key=lambda row: (-abs(row[2]), row[0], row[1]))
    if not real:
        return (NOTHING_MOVED,)
    return tuple(
        f"{metric} of {who} {'rose' if value > 0 else 'slipped'} by {min(abs(lo), abs(hi)):.1f} to "
        f"{max(abs(lo), abs(hi)):.1f} points{_because(explained_by, value > 0)}."
        for who, metric, value, lo, hi, explained_by in real[:limit]
    )


def persona_title(apart: int, tested: int) -> str:
    """In how many of the traits held against the rest a group differs beyond chance."""
    if not tested:
        return "Nothing of them could be held against the rest yet"
    if not apart and tested == 1:
        return "The one trait tested does not set them apart from the rest"
    if not apart:
        return f"None of the {fmt.in_words(tested)} traits tested sets them apart from the rest"
    number = fmt.in_words(apart).capitalize()
    return f"{number} of {fmt.in_words(tested)} traits {'sets' if apart == 1 else 'set'} them apart from the rest"


def hidden_lines(number: int, of: str = "people") -> str:
    """What a list leaves out because too few stand behind it."""
    if not number:
        return ""
    return f"{fmt.in_words(number).capitalize()} more {'line has' if number == 1 else 'lines have'} too few {of}."


def cut(drawn: int, found: int) -> str:
    """That a table has more rows than are drawn."""
    return f"The first {drawn} of {fmt.count(found)} are drawn; the file has all." if found > drawn else ""


def drivers_title(first: Sequence[str]) -> str:
    """What satisfaction goes with most; ``first`` are all whose rank may be the first."""
    if not first:
        return "Too few answers to say what satisfaction goes with"
    if len(first) > NAMED:
        return "Several things go with satisfaction about as much"
    verb = "goes" if len(first) == 1 else "go"
    return f"{fmt.human(_list(first))} {verb} with satisfaction most"


def asked_title(questions: Sequence[str]) -> str:
    """How many things are asked for, or searched without a hit."""
    if not questions:
        return "Nothing is asked often enough to be shown"
    number = len(set(questions))
    return f"{fmt.in_words(number).capitalize()} {'thing' if number == 1 else 'things'} customers have to ask for"


def complaints_title(recurring: Sequence[str], *, told: bool) -> str:
    """Which complaints three quarters in a row or more have shown."""
    if not told:
        return "Too few complaints to tell what about"
    if not recurring:
        return "No complaint keeps coming back"
    if len(recurring) > NAMED:
        return f"{fmt.in_words(len(recurring)).capitalize()} complaints keep coming back"
    return f"Complaints of {_list(recurring)} keep coming back"


def themes_title(number: int) -> str:
    """How many themes were found in texts that no topic covers."""
    if not number:
        return "No theme stands out in texts without a topic"
    return f"{fmt.in_words(number).capitalize()} {'theme' if number == 1 else 'themes'} in texts no topic covers"


def gaps_title(verdicts: Sequence[str]) -> str:
    """On how many questions people who did not buy answer lower or higher than customers."""
    lower, higher = verdicts.count("lower"), verdicts.count("higher")
    if not verdicts:
        return "Too few people who did not buy have answered"
    if not lower and not higher:
        return "People who did not buy answer much like customers"
    of = f"of {fmt.in_words(len(verdicts))} answers"
    sides = [f"{fmt.in_words(number)} {of} {side}" for number, side in ((lower, "lower"), (higher, "higher")) if number]
    return f"People who did not buy give {_list([sides[0], *(side.replace(f' {of}', '') for side in sides[1:])])}"


def niches_title(found: int, tested: int) -> str:
    if not tested:
        return "Too few people to look for niches"
    if not found:
        return "No niche found so far"
    return f"{fmt.in_words(found).capitalize()} {'niche' if found == 1 else 'niches'} nobody serves well yet"


def offers_title(offers: int, brought: int, *, told: bool) -> str:
    """How many offers there are, and whether any brought more than chance."""
    if not offers:
        return "No offers"
    number = f"{fmt.in_words(offers).capitalize()} {'offer' if offers == 1 else 'offers'}"
    if not told:
        return f"{number}, none of them over yet"
    who = fmt.in_words(brought) if brought else "none"
    return f"{number}; {who} brought more buyers or revenue than chance would"


def efforts_title(costed: Sequence[tuple[str, float, float]], efforts: Sequence[str]) -> str:
    """Whether little effort may bring as much as more; ``costed`` are effort and both ends of the value."""
    if not efforts:
        return "Nothing is planned yet"
    small = [row for row in costed if row[0] == "small"]
    if not costed or not small:
        number = efforts.count("small")
        return f"{fmt.in_words(number).capitalize()} of {fmt.in_words(len(efforts))} ideas take little effort"
    best = max(lo for _, lo, _ in costed)
    if max(hi for _, _, hi in small) >= best:
        return "A small effort may bring as much as any"
    return "What could bring most takes more than a small effort"


def keepers_title(owners: int, late: int) -> str:
    if not owners:
        return "Nobody keeps an idea yet"
    who = f"{fmt.in_words(owners).capitalize()} {'keeper' if owners == 1 else 'keepers'}"
    return (
        f"{who}, {'no review' if not late else fmt.in_words(late) + (' review' if late == 1 else ' reviews')} overdue"
    )


def curves_title(apart: int, shown: int, *, asked: bool = True) -> str:
    """At how many points a group's mood lies apart from everyone's by more than its margin."""
    if not shown:
        return "Too few answers to draw a mood" if asked else "Nobody was asked how it felt"
    if not apart:
        return "No group’s mood lies apart from everyone’s"
    verb = "lies" if apart == 1 else "lie"
    return f"{fmt.in_words(apart).capitalize()} of {fmt.in_words(shown)} moods {verb} apart from everyone’s"


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


def made_from(kinds: Sequence[str]) -> str:
    """What the pages are made from, by the kinds of record there are."""
    return f"Rebuilt with every refresh from {_list(kinds)}." if kinds else "Rebuilt with every refresh."


UNSAID = {"scenario": "situation", "goal": "goal", "owner": "keeper"}


def unsaid(items: Sequence[str]) -> str:
    """What nobody has written down of a map."""
    return f"Nobody has named its {_list([UNSAID[item] for item in items])} yet." if items else ""


def absent(table: str, what: str) -> str:
    """A figure whose table is not published, or has nothing for the group."""
    return (
        f"{what} not here: the table {table} of this version has no row to draw. No system of it records such a "
        "thing, or too few people did it."
    )


def _list(names: Sequence[str], last: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
