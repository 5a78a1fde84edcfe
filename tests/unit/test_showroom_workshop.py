"""The workshop pack: what is filled in comes back as judgement rows, and nothing else does."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipelines.showroom.workshop import COLUMNS, PERSONAL, SHEET, merge, read_sheet, sheet_rows, sheet_text, to_csv

TODAY = date(2026, 11, 1)
STAGES = ("buy", "help")


def row(lane: str, item: str, text: str, **values: Any) -> dict[str, Any]:
    where = {"scheme_id": "lifecycle", "segment_id": "new", "stage": "buy", "stage_name": "Buy | pay", "stage_order": 4}
    told = {"source_kind": "measured", "suppressed": False, "value": None, "unit": "share", "n": 400}
    return where | told | {"lane": lane, "item": item, "text": text} | values


ROWS = [
    row("header", "actor", "New <b>customers", stage="all", stage_order=0, source_kind="judgement"),
    row("actions", "checkout", "Checks out", value=0.61),
    row("actions", "hidden", "Steals", value=0.01, suppressed=True),
    row("emotions", "mood", "mood", value=-0.5, unit="mood", source_kind="survey"),
    row("people", "people", "people", stage="help", stage_name="Get help", stage_order=6),
]


def judgement(segment: str, lane: str, item: str, text: str, scheme: str = "lifecycle") -> dict[str, str]:
    values = ("demo", scheme, segment, "buy", lane, item, text, "crm", "2026-09-15", "2027-03-15")
    return dict(zip(COLUMNS, values, strict=True))


SHARED = judgement("all", "backstage", "payments", "Payment providers", "all")
OWN = judgement("new", "emotions", "done", "Wants to be done")
OTHER = judgement("lapsed", "emotions", "done", "Has forgotten us")
BELIEVED = [SHARED, OWN, OTHER]


def sheet(**filled: str) -> list[dict[str, str]]:
    """The exported sheet of the new, through CSV and back, with ``lane=text`` written on its free lines at Buy."""
    lines = sheet_rows(ROWS, "demo", "lifecycle", "new", BELIEVED)
    for line in lines:
        if line["map_stage"] == "buy" and not line["item"] and line["lane"] in filled:
            line |= {"text": filled[line["lane"]], "owner": "crm"}
    return read_sheet(to_csv(lines, SHEET, guarded=True).encode("utf-8-sig"))


def test_a_sheet_holds_what_is_known_and_believed_and_a_free_line_in_every_cell() -> None:
    lines = sheet_rows(ROWS, "demo", "lifecycle", "new", BELIEVED)
    assert len([line for line in lines if not line["text"]]) == 6 * 2
    assert [line["text"] for line in lines if line["text"]] == ["Wants to be done", "Payment providers"]
    known = {line["lane"]: line["known"] for line in lines if line["map_stage"] == "buy"}
    assert (known["actions"], known["emotions"]) == ("Checks out 61%", "mood −0.5 from 400 answers")


def test_a_sheet_that_was_not_touched_changes_nothing() -> None:
    merged = merge(BELIEVED, sheet(), stages=STAGES, today=TODAY)
    assert merged.rows == tuple(BELIEVED)
    assert (merged.added, merged.changed, merged.dropped, merged.refused) == (0, 0, 0, ())


def test_lines_of_another_company_are_on_no_sheet_and_stay_as_they_are() -> None:
    theirs = judgement("new", "emotions", "done", "In no hurry") | {"company": "acme"}
    lines = sheet_rows(ROWS, "demo", "lifecycle", "new", [*BELIEVED, theirs])
    assert "In no hurry" not in {line["text"] for line in lines}
    for line in lines:
        line["text"] = ""
    merged = merge([*BELIEVED, theirs], lines, stages=STAGES, today=TODAY)
    assert merged.rows == (SHARED, OTHER, theirs)


def test_what_is_filled_in_comes_back_with_an_owner_and_a_date_to_look_again() -> None:
    merged = merge(BELIEVED, sheet(questions="=Is it safe, or not?"), stages=STAGES, today=TODAY)
    assert merged.added == 1
    assert merged.rows[-1] == {
        "company": "demo",
        "scheme_id": "lifecycle",
        "segment_id": "new",
        "map_stage": "buy",
        "lane": "questions",
        "item": "is_it_safe_or_not",
        "text": "=Is it safe, or not?",
        "owner": "crm",
        "reviewed_on": "2026-11-01",
        "review_by": "2027-05-02",
    }
    assert merge(merged.rows, sheet(questions="=Is it safe, or not?"), stages=STAGES, today=TODAY).added == 0


def test_a_shared_line_reworded_is_the_segments_own_and_emptied_stays_for_the_others() -> None:
    lines = sheet()
    for line in lines:
        if line["item"] == "payments":
            line["text"] = "Two payment providers"
    merged = merge(BELIEVED, lines, stages=STAGES, today=TODAY)
    assert merged.rows[:3] == tuple(BELIEVED)
    assert (merged.rows[3]["segment_id"], merged.rows[3]["text"]) == ("new", "Two payment providers")
    for line in lines:
        line["text"] = ""
    emptied = merge(BELIEVED, lines, stages=STAGES, today=TODAY)
    assert (emptied.rows, emptied.dropped) == ((SHARED, OTHER), 1)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"map_stage": "moon"}, "no stage moon"),
        ({"lane": "barriers"}, "nobody fills in the lane barriers"),
        ({"text": "x" * 91}, "91 characters"),
        ({"text": "Ask ann@example.com"}, "leave people out"),
        ({"text": "Call +44 20 7946 0000"}, "leave people out"),
        ({"text": "?!"}, "no letter"),
        ({"owner": ""}, "no owner"),
        ({"review_by": "soon"}, "no date like"),
        ({"segment_id": ""}, "no segment"),
        ({"company": ""}, "no company"),
    ],
)
def test_a_line_that_cannot_be_taken_is_refused_with_its_number_and_the_rest_is_taken(
    change: dict[str, str], why: str
) -> None:
    good, bad = sheet(questions="Is it safe?", actions="Looks twice"), sheet(questions="Is it safe?")
    line = next(line for line in bad if line["text"] == "Is it safe?")
    merged = merge(BELIEVED, [{**line, **change}, *good], stages=STAGES, today=TODAY)
    assert merged.added == 2
    assert [refused.startswith("line 2: ") and why in refused for refused in merged.refused] == [True]


def test_prices_and_years_are_not_personal() -> None:
    assert not any(PERSONAL.search(text) for text in ("Free from 150, since 2024", "24/7", "10 000 of them"))


def test_a_file_that_is_no_sheet_is_refused_and_a_semicolon_is_read() -> None:
    with pytest.raises(ValueError, match="no column item"):
        read_sheet(b"company,scheme_id,segment_id,map_stage,lane,text,owner,review_by\n")
    text = to_csv(sheet_rows(ROWS, "demo", "lifecycle", "new", BELIEVED), SHEET, guarded=True).replace(",", ";")
    assert read_sheet(text.encode()) == sheet()


def test_the_page_to_print_is_words_only() -> None:
    page = sheet_text(ROWS, "demo", "lifecycle", "new", BELIEVED)
    assert page.startswith("# New \\<b\\>customers\n")
    assert "## Buy \\| pay" in page
    assert "| Actions | Checks out 61% | … |" in page
    assert "Steals" not in page
