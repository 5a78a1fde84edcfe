"""What customers say unasked: what they have to ask for, complaints that keep coming, themes no topic covers yet.

Belongs here: which rows are drawn and what each reads like. Stays out: how a text gets its topic, and single texts,
which are never shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.showroom import copy
from pipelines.showroom import format as fmt
from pipelines.showroom.charts import bars
from pipelines.showroom.figures import KEY_BLUE, columns_of, key
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Cell, ChartRow, Figure, How, RowChart

GAPS, TOPICS, THEMES = "information_gaps", "feedback_topics", "feedback_themes"
TABLES = (GAPS, TOPICS, THEMES)
COMPANY, ALL = "company", "all"
SOURCES = {"tickets": "tickets", "surveys": "survey texts", "reviews": "reviews", "searches": "searches without a hit"}
NAMES = {
    "damaged": "damaged goods",
    "information": "what is said of a product",
    "returns_refund": "returns and refunds",
    "size_fit": "size and fit",
    "staff": "the staff",
    "site_speed": "the speed of the site",
    "stock": "what is in stock",
    "design": "the design",
    "quality": "the quality",
    "price": "the price",
}
"""Topics of texts as a sentence names them; others are their own name."""

ONE_OFFS = "one-offs"
MOST = 12
VERDICTS = {"more": "More", "less": "Less", "no_evidence": "No clear change"}


def topic_name(topic: str) -> str:
    return NAMES.get(topic, fmt.lower(fmt.human(topic)))


def asked_chart(rows: Sequence[Row], questions: Mapping[str, str]) -> RowChart:
    """What is asked for or searched without a hit in the year, by source; ``questions`` are topics as people ask."""
    own = [row for row in rows if row["breakdown"] == COMPANY and row["period"] == ALL]
    shown = sorted(
        (row for row in own if not row["suppressed"] and row["subject"] != "other"),
        key=lambda row: (-row["value"], row["source"], row["subject"]),
    )
    quarters = [row for row in rows if row["breakdown"] == COMPANY and row["period"] != ALL]
    last = max((row["period"] for row in quarters), default="")
    latest = {(row["source"], row["subject"]): row for row in quarters if row["period"] == last}
    top = max((row["hi"] for row in shown), default=1.0)
    figure = Figure(
        figure_id=GAPS.replace("_", "-"),
        kicker="Questions",
        title=copy.asked_title([_question(row, questions) for row in shown]),
        dek="What customers ask for, or search without a hit, in the last four quarters that are over: the share of "
        "each source's texts or searches. Sources are not added up: people differ who write, answer and search.",
        how=How(
            words="A text asks when it is put as a question; a search counts when it finds nothing. Several means "
            "that two sources or more ask for it, each at one in a hundred at least. What three quarters "
            "in a row or more show keeps coming back.",
            tables=(GAPS,),
        ),
        rows=tuple(
            columns_of(
                row,
                *("source", "subject", "topic", "stage", "breakdown", "group_id", "period", "value", "lo", "hi", "n"),
                *("n_base", "suppressed", "asked_in", "evidence_grade"),
            )
            for row in shown
        ),
        absent="" if shown else _nothing(own, GAPS, "Questions asked are"),
    )
    return RowChart(
        figure,
        ("Question", "Share of the source", "Asked in", "Quarters in a row"),
        tuple(_asked(row, questions, top, latest.get((row["source"], row["subject"]))) for row in shown[:MOST]),
        key(*KEY_BLUE),
        _few(own),
    )


def _question(row: Row, questions: Mapping[str, str]) -> str:
    subject = str(row["subject"])
    return f"“{subject}”" if row["source"] == "searches" else questions.get(subject, fmt.human(subject))


def _asked(row: Row, questions: Mapping[str, str], top: float, latest: Row | None) -> ChartRow:
    source = SOURCES.get(row["source"], str(row["source"]))
    return ChartRow(
        _question(row, questions),
        f"{fmt.count(row['n'])} of {fmt.count(row['n_base'])} {source}",
        (
            Cell(
                "Share of the source",
                bars.interval_bar(row["value"], row["lo"], row["hi"], top),
                fmt.share(row["value"]),
                fmt.share_range(row["lo"], row["hi"]),
            ),
            Cell("Asked in", text="Several" if row["evidence_grade"] == "triangulated" else "One source"),
            _running(latest),
        ),
    )


def complaints_chart(rows: Sequence[Row]) -> RowChart:
    """What customers complain of over the year, how the last quarter differs, and what keeps coming back."""
    own = [row for row in rows if row["breakdown"] == COMPANY and row["polarity"] == "negative"]
    year = [row for row in own if row["period"] == ALL]
    shown = sorted(
        (row for row in year if not row["suppressed"] and row["value"] and row["topic"] != "other"),
        key=lambda row: (-row["value"], row["topic"]),
    )
    last = max((row["period"] for row in own if row["period"] != ALL), default="")
    latest = {row["topic"]: row for row in own if row["period"] == last}
    top = max((row["hi"] for row in shown), default=1.0)
    figure = Figure(
        figure_id=TOPICS.replace("_", "-"),
        kicker="Complaints",
        title=copy.complaints_title(
            [topic_name(row["topic"]) for row in shown if (latest.get(row["topic"]) or {}).get("is_recurring")],
            told=bool(shown),
        ),
        dek="Share of all texts of the last four quarters that complain of it"
        + (f"; the change is {fmt.quarter(last)} against the quarter before." if last else "."),
        how=How(
            words="A text is a complaint by the stars or rating of who wrote it, else by the model. The change "
            "counts texts by customer and survives the correction for testing many topics at once. What three quarters "
            "in a row or more show keeps coming back.",
            tables=(TOPICS,),
        ),
        rows=tuple(
            columns_of(
                row,
                *("topic", "polarity", "breakdown", "group_id", "period", "value", "lo", "hi", "n", "n_base"),
                *("suppressed", "change", "change_lo", "change_hi", "p_adj", "verdict", "quarters_running"),
                "is_recurring",
            )
            for row in (*shown, *(latest[row["topic"]] for row in shown if row["topic"] in latest))
        ),
        absent="" if shown else _nothing(year, TOPICS, "Topics of complaints are"),
    )
    return RowChart(
        figure,
        ("Complaint", "Share of texts", "Change", "Quarters in a row"),
        tuple(_complaint(row, latest.get(row["topic"]), top) for row in shown[:MOST]),
        key(("sure orange", "at least"), ("margin orange", "95% margin"), ("tick", "best estimate")),
        _few(year),
    )


def _complaint(row: Row, latest: Row | None, top: float) -> ChartRow:
    told = latest is not None and not latest["suppressed"] and latest["change"] is not None
    change = Cell("Change", text="Too few to tell", style="quiet")
    if latest is not None and told and latest["verdict"] in VERDICTS:
        style = {"more": "down", "less": "up"}.get(latest["verdict"], "")
        ends = f"{fmt.change(100 * latest['change_lo'])} to {fmt.change(100 * latest['change_hi'])} pts"
        change = Cell("Change", text=VERDICTS[latest["verdict"]], small=ends, style=style or "quiet")
    return ChartRow(
        fmt.human(topic_name(row["topic"])),
        f"{fmt.count(row['n'])} of {fmt.count(row['n_base'])} texts",
        (
            Cell(
                "Share of texts",
                bars.interval_bar(row["value"], row["lo"], row["hi"], top, style="orange"),
                fmt.share(row["value"]),
                fmt.share_range(row["lo"], row["hi"]),
            ),
            change,
            _running(latest),
        ),
    )


def _running(latest: Row | None) -> Cell:
    """Quarters in a row that show it, up to the last; too few in the last are not told."""
    if latest is None or latest["suppressed"] or latest["quarters_running"] is None:
        return Cell("Quarters in a row", text="Too few to tell", style="quiet")
    small = "keeps coming back" if latest["is_recurring"] else ""
    return Cell("Quarters in a row", text=fmt.count(latest["quarters_running"]), small=small)


def complaints_by_stage(rows: Sequence[Row], stages: Mapping[str, str]) -> dict[str, Row]:
    """What a group complains of most in each column of its map: rows of its persona, by the stage of their topic."""
    found: dict[str, Row] = {}
    shown = [row for row in rows if row["section"] == "pains" and not row["suppressed"] and row["value"]]
    for row in sorted(shown, key=lambda row: (-row["value"], row["item"])):
        if row["item"] in stages:
            found.setdefault(stages[row["item"]], row)
    return found


def themes_chart(rows: Sequence[Row]) -> RowChart:
    """Words that go together in texts no topic covers, by language: what the taxonomy may lack."""
    shown = sorted(
        (row for row in rows if not row["suppressed"] and row["words"] and row["theme"] != ONE_OFFS),
        key=lambda row: (row["language"], -(row["value"] or 0.0), row["theme"]),
    )
    figure = Figure(
        figure_id=THEMES.replace("_", "-"),
        kicker="Not filed yet",
        title=copy.themes_title(len(shown)),
        dek="Texts of the last four quarters that no topic covers, gathered by the words they share. Each "
        "language is read by itself; words that few people used are not shown.",
        how=How(
            words="Texts without a topic are gathered by a factorisation of their words; a theme's own words are those "
            "far more frequent in it than in the rest. The interval is over texts.",
            tables=(THEMES,),
        ),
        rows=tuple(
            columns_of(row, *("language", "theme", "words", "value", "lo", "hi", "n", "n_base")) for row in shown
        ),
        absent="" if shown else _nothing(rows, THEMES, "Themes of texts without a topic are"),
    )
    return RowChart(
        figure,
        ("Words", "Share of these texts", "Texts"),
        tuple(_theme(row) for row in shown[:MOST]),
        key(*KEY_BLUE),
        _few(rows),
    )


def _theme(row: Row) -> ChartRow:
    return ChartRow(
        f"“{row['words']}”",
        f"Language: {row['language']}",
        (
            Cell(
                "Share of these texts",
                bars.interval_bar(row["value"], row["lo"], row["hi"], 1.0),
                fmt.share(row["value"]),
                fmt.share_range(row["lo"], row["hi"]),
            ),
            Cell("Texts", text=fmt.count(row["n"]), small=f"of {fmt.count(row['n_base'])}"),
        ),
    )


def _few(rows: Sequence[Row]) -> str:
    return copy.hidden_lines(sum(bool(row["suppressed"]) for row in rows), "texts or searches")


def _nothing(rows: Sequence[Row], table: str, what: str) -> str:
    """Too few, or not published."""
    return "Too few texts or searches to show any." if rows else copy.absent(table, what)
