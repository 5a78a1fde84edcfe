"""The site as files: complete, the same bytes each time, inert, within its budgets, honest about what is missing."""

from __future__ import annotations

import re
import time
from html import unescape
from pathlib import Path

import duckdb
import pytest
import showroom_kit

from pipelines.showroom.build import build
from pipelines.showroom.check import over_budget, problems
from pipelines.showroom.pages import lean

HOSTILE = '<script>alert("x")</script>" onmouseover="x() \u202egnp.exe =cmd|calc'
EVERYTHING = (
    "journey_map",
    "segment_profiles",
    "cart_abandonment_causes",
    "funnel_steps",
    "path_transitions",
    "satisfaction_scores",
    "satisfaction_deltas",
    "satisfaction_drivers",
    "personas",
    "information_gaps",
    "feedback_topics",
    "feedback_themes",
    "customer_gaps",
    "niches",
    "offer_results",
    "pain_points",
    "opportunities",
    "metrics",
)


def content(site: Path) -> dict[str, bytes]:
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in sorted(site.rglob("*")) if path.is_file()}


def test_the_same_version_gives_the_same_bytes(tmp_path: Path) -> None:
    version = showroom_kit.make_version(tmp_path / "v")
    first = content(build(version, is_sample=True).path)
    second = content(build(version, is_sample=True).path)
    assert first == second
    assert len(first) > 30
    assert sorted(path.name for path in version.iterdir()) == [
        "lineage",
        "manifest.json",
        "marts.duckdb",
        "quality",
        "site",
    ]


@pytest.mark.parametrize(
    ("segments", "stages", "name"),
    [(3, 4, "A"), (8, 8, "Nine-times-out-of-ten customers with a very long name"), (5, 7, HOSTILE)],
)
def test_every_shape_of_site_holds_together(tmp_path: Path, segments: int, stages: int, name: str) -> None:
    started = time.process_time()
    built = build(
        showroom_kit.make_version(tmp_path / "v", segments=segments, stages=stages, name=name), is_sample=False
    )
    assert [*problems(built.path), *over_budget(built.path)] == []
    assert built.pages == 6 + segments
    # Of the processor, not of the clock: a busy machine is not a slow site.
    assert time.process_time() - started < 10


def test_hostile_words_are_words(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v", name=HOSTILE), is_sample=False).path
    for path in site.rglob("*.html"):
        text = path.read_text()
        assert text.count("<script") == text.count('assets/showroom.js"></script>') == 1
    # The parser sees no attribute that would run anything.
    assert [*problems(site), *over_budget(site)] == []
    assert "alert" in unescape((site / "index.html").read_text())


@pytest.mark.parametrize("table", EVERYTHING)
def test_a_table_that_is_not_published_is_said_to_be_missing(tmp_path: Path, table: str) -> None:
    built = build(showroom_kit.make_version(tmp_path / "v", missing=(table,)), is_sample=False)
    assert table in built.missing
    assert [*problems(built.path), *over_budget(built.path)] == []
    assert f"<code>{table}</code> is not in this version" in (built.path / "data.html").read_text()


def test_a_company_that_asks_nobody_has_maps_without_moods(tmp_path: Path) -> None:
    built = build(showroom_kit.make_version(tmp_path / "v", is_asked=False), is_sample=False)
    assert [*problems(built.path), *over_budget(built.path)] == []
    assert built.missing == ()
    own = unescape((built.path / "segments" / "segment_0.html").read_text())
    assert own.count(">not asked<") == 7
    assert "The costliest barrier is met when they come back" in own
    assert "Nobody asked them how it felt." in own
    assert "Nobody has named its situation, goal and keeper yet." in own
    assert "Nobody was asked how it felt" in (built.path / "index.html").read_text()
    assert (built.path / "compare.html").read_text().count("Nobody was asked how it felt</h2>") == 2
    # The linter says what such a map lacks.
    assert {"The map has no actor.", "The map has no owner."} <= {finding.words for finding in built.findings}


def test_nothing_published_at_all_is_said_and_how_to_begin(tmp_path: Path) -> None:
    built = build(showroom_kit.make_version(tmp_path / "v", missing=EVERYTHING), is_sample=False)
    assert [*problems(built.path), *over_budget(built.path)] == []
    home = (built.path / "index.html").read_text()
    assert "No segments yet." in home
    assert "make refresh" in home


def test_a_score_of_too_few_answers_stands_nowhere(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v"), is_sample=False).path
    # The third segment has 20 answers in the last quarter: 72.0.
    assert "Too few answers to show a score" in (site / "segments" / "segment_2.html").read_text()
    rows = (site / "data" / "satisfaction-segment_2.csv").read_text().splitlines()
    own = [row for row in rows if ",segment_2," in row]
    assert own
    assert all("72" not in row.split(",2026Q3,")[1].split(",2026-")[0] for row in own)
    matrix = (site / "data" / "mood-matrix.csv").read_text().splitlines()[1:]
    assert {row.split(",")[5] for row in matrix} == {"400", "40", ""}


def test_a_clear_low_names_the_stage_and_the_rest_is_not_coloured(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v"), is_sample=False).path
    page = (site / "segments" / "segment_0.html").read_text()
    assert "The mood is lowest when they buy" in page
    assert page.count('class="stage s-4 worst"') == 1
    even = (site / "segments" / "segment_1.html").read_text()
    assert "Their mood is even in the five stages with enough answers" in even


def test_a_move_beyond_its_margin_is_told_and_no_other(tmp_path: Path) -> None:
    home = (build(showroom_kit.make_version(tmp_path / "v"), is_sample=False).path / "index.html").read_text()
    assert re.findall(r"<li>(Satisfaction of .*?)</li>", home) == [
        "Satisfaction of Group segment_0 slipped by 3.0 to 9.0 points."
    ]


def test_every_figure_has_its_rows_and_says_how_it_was_made(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v"), is_sample=False).path
    for path in sorted(site.glob("segments/*.html")):
        page = path.read_text()
        assert (
            page.count("How was this computed?") == page.count('class="csv"') == (8 if path.stem == "segment_0" else 7)
        )
    for path in (site / "data").glob("*.csv"):
        assert "run_id" in path.read_text().splitlines()[0], path


def test_under_a_figure_stand_its_lineage_its_checks_and_the_sql_that_was_run(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v"), is_sample=False).path
    page = (site / "segments" / "segment_0.html").read_text()
    assert "shopify → 1 staging and 1 marts models → pipelines.analytics.maps.builds → journey_map" in page
    assert 'href="../../lineage/agg_customer_map_steps.sql.txt"' in page
    # A model dbt did not run has no SQL to show.
    assert "fct_answer_stages.sql.txt" not in page
    assert "No check of these tables is published." in page


def test_opportunities_are_ranked_told_one_by_one_and_reached_from_the_map(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v"), is_sample=False).path
    page = (site / "opportunities.html").read_text()
    assert "“Mend Group 2” or “Mend Group 0” could bring most" in unescape(page)
    assert "Done, and what came of it" in page
    assert "10% after (−15 pts to −5 pts). An association, not an effect" in page
    assert page.count(">Not costed yet<") == 2 + 3
    assert "review overdue" in page
    own = (site / "segments" / "segment_0.html").read_text()
    # The most valuable first, and a problem that names a group stands on that group's map alone.
    assert own.index("opportunities.html#buy-idea_2") < own.index("opportunities.html#buy-idea_0")
    assert "buy-idea_2" not in (site / "segments" / "segment_1.html").read_text()
    assert "buy-idea_4" not in own
    assert "Cart error" in page.split('id="buy-idea_0"')[1].split("</article>")[0]


def test_a_persona_says_of_each_line_where_it_comes_from_and_hides_what_few_gave(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v"), is_sample=False).path
    own = (site / "segments" / "segment_0.html").read_text().split('id="persona"')[1].split("</section>")[0]
    for kind, title in (
        ("measured", "Measured: "),
        ("inferred", "Inferred by"),
        ("judgement", "Team judgement by crm"),
    ):
        assert re.search(rf'class="evidence {kind}" role="img" aria-label="{title}', own)
    assert "Two of four traits set them apart from the rest" in own
    # Bold are those beyond chance, with everybody's share and how many it rests on; a region of few people is gone.
    assert own.count('class="apart"') == 2
    assert "40 to 60%, everyone 30%, more than the rest, n\u00a0135" in own
    assert "+0.30 to +0.50, more than the rest, n\u00a0135" in own
    assert "One more line has too few people." in own
    rows = (site / "data" / "persona-segment_0.csv").read_text()
    assert "region:North" not in rows
    assert rows.count("\n") == 1 + own.count("<li")


def test_what_satisfaction_goes_with_is_told_no_further_than_its_margins(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v"), is_sample=False).path
    own = (site / "segments" / "segment_0.html").read_text().split('id="drivers"')[1].split("</section>")[0]
    assert "Quality goes with satisfaction most" in own
    assert re.findall(r"Weighs [^<]+", own) == [
        "Weighs much, rated in the middle",
        "Weighs an equal part, rated in the middle",
        "Weighs little, rated in the middle",
    ]
    few = (site / "segments" / "segment_1.html").read_text().split('id="drivers"')[1].split("</section>")[0]
    assert "too few to tell" in few
    assert "%" not in few


def test_what_customers_say_has_its_number_of_texts_and_hides_the_few(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v"), is_sample=False).path
    asked, said = unescape((site / "pains.html").read_text()).split('id="feedback-topics-title"')
    asked = asked.split('id="information-gaps-title"')[1]
    assert "Two things customers have to ask for" in asked
    assert "100 of 1,000 tickets" in asked
    assert "4<small>keeps coming back" in asked
    assert "One more line has too few texts or searches." in asked
    assert "Complaints of returns and refunds keep coming back" in said
    # What grew beyond its margin says by how much; what too few told in the last quarter says nothing of it.
    assert "More<small>+1.0 to +5.0 pts" in said
    assert said.count("Too few to tell") == 2
    assert "'=cmd" in (site / "data" / "information-gaps.csv").read_text()


def test_groups_without_a_map_are_compared_with_their_numbers(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v"), is_sample=False).path
    page = unescape((site / "compare.html").read_text())
    assert "People who did not buy give one of two answers lower" in page
    assert "−3.8<small>−5.3 to −2.3" in page
    assert "Region North, life stage Family: service matters most" in page
    assert "2 cells and traits could be tested. One more line has too few people." in page
    # Each mood that is shown is a mark.
    assert page.count('class="spot"') == sum(
        row.split(",")[2] != "" for row in (site / "data" / "mood-curves.csv").read_text().splitlines()[1:]
    )
    offers = unescape((site / "opportunities.html").read_text()).split('id="offer-results-title"')[1]
    assert "Two offers; one brought more buyers or revenue than chance would" in offers
    assert "+5.0 pts<small>+1.0 pts to +9.0 pts" in offers
    assert "−2.00<small>−5.00 to +1.00" in offers
    assert "Not started" in offers
    assert offers.count("Too few") >= 2


def test_ideas_stand_in_the_column_of_their_effort_and_say_how_sure_they_are(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v"), is_sample=False).path
    page = unescape((site / "opportunities.html").read_text())
    small, medium = page.split("<h3>Small effort</h3>")[1].split("<h3>Medium effort</h3>")[:2]
    assert re.findall(r'<a href="#([^"]+)">[^<]+</a> <b>([^<]+)</b>', small) == [
        ("buy-idea_2", "3.0k"),
        ("buy-idea_0", "1.0k"),
    ]
    # One kind of evidence: both dots are hollow; what is not costed is named beneath, what is closed nowhere.
    assert small.count('class="mark blue thin"') == 2
    assert re.findall(r'<a href="#([^"]+)">', small.split("Not costed yet:")[1]) == ["buy-idea_1", "buy-idea_3"]
    assert medium.startswith('\n<p class="nothing">None</p>')
    assert "One keeper, one review overdue" in page


def test_pain_points_have_keepers_and_can_be_narrowed_without_a_script(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v"), is_sample=False).path
    page = (site / "pains.html").read_text()
    style = (site / "assets" / "showroom.css").read_text()
    choices = re.findall(r'<input type="radio" name="[^"]+" id="([gso]\d)">', page)
    assert len(choices) == 5 + 7
    for mark in choices:
        assert f"section:has(#{mark}:checked) tbody tr:not(.{mark})" in style
        assert len(re.findall(rf'<tr role="row" class="[^"]*\b{mark}\b', page)) == (7 if mark[0] == "g" else 5)
    # The remedy of the cart error answers for it, and is a click away.
    assert 'e-commerce<small><a href="opportunities.html#buy-idea_0">Mend Group 0' in page


def test_a_notice_stands_on_every_page_and_goes_with_the_next_build(tmp_path: Path) -> None:
    version = showroom_kit.make_version(tmp_path / "v")
    site = build(version, is_sample=False, notice="Data checks failed <today>").path
    assert all("Data checks failed &lt;today&gt;" in path.read_text() for path in site.rglob("*.html"))
    build(version, is_sample=False)
    assert not any("Data checks failed" in path.read_text() for path in site.rglob("*.html"))


def test_the_check_finds_what_is_wrong(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v"), is_sample=False).path
    page = site / "tour.html"
    broken = page.read_text().replace("default-src ", "default-src * ")
    added = '<a href="gone.html">x</a><img src="//elsewhere.example/x"><h1 id="main">y</h1><script>1</script>'
    page.write_text(broken.replace("</main>", f"{added}</main>") + "x" * 150_000)
    found = " ".join(problems(site))
    for words in ("policy", "leads nowhere: gone.html", "leads outside", "2 main headings", "stands twice"):
        assert words in found
    assert "runs or embeds" in found
    assert "more than 150,000" in " ".join(over_budget(site))


def test_two_groups_stand_side_by_side_without_a_script(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v", segments=3), is_sample=False).path
    page, style = (site / "compare.html").read_text(), (site / "assets" / "showroom.css").read_text()
    pairs = re.findall(r'id="(segment_\d\+segment_\d)" class="q(\d) q(\d)"', page)
    assert sorted((one, other) for _, one, other in pairs) == [("0", "1"), ("0", "2"), ("1", "2")]
    for place in range(3):
        assert f"main:has(.q{place}:target) .of.g{place}" in style
        # Its numbers, its curve, its moods and its steps.
        assert len(re.findall(rf'class="of g{place}\b', page)) == 4
    # Each group's own page leads there.
    assert f'href="../compare.html#{pairs[0][0]}"' in "".join(
        map(str, (p.read_text() for p in site.rglob("s*_*.html")))
    )


def test_groups_that_people_gave_one_name_are_still_two(tmp_path: Path) -> None:
    version = showroom_kit.make_version(tmp_path / "v", segments=3)
    with duckdb.connect(str(version / "marts.duckdb")) as con:
        con.execute("update journey_map set text = 'Seekers' where lane = 'header' and item = 'actor'")
    site = build(version, is_sample=False).path
    page = (site / "segments" / "segment_1.html").read_text()
    beside = re.findall(r'href="../compare.html#([^"]+)">([^<]+)<', page)
    assert beside == [("segment_0+segment_1", "Seekers"), ("segment_1+segment_2", "Seekers")]


@pytest.mark.parametrize("segments", [2, 9])
def test_two_groups_or_too_many_have_no_pairs(tmp_path: Path, segments: int) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v", segments=segments), is_sample=False).path
    assert 'class="pairs"' not in (site / "compare.html").read_text()


def test_the_style_sheet_says_the_same_without_what_only_editors_read() -> None:
    rules = b".a > b,\n.c { color: red;\n  width: calc(100% - 2px); }\n@media print { .d :checked { top: 0; } }\n"
    assert lean(b"/* why */\n" + rules).decode().splitlines() == [
        ".a > b,.c{color:red;width:calc(100% - 2px)}",
        "@media print{.d :checked{top:0}",
        "}",
    ]


def test_the_data_page_says_once_what_maps_lack_and_which(tmp_path: Path) -> None:
    site = build(showroom_kit.make_version(tmp_path / "v", segments=3, is_asked=False), is_sample=False).path
    page = unescape((site / "data.html").read_text())
    assert page.count("The map has no owner.") == 1
    assert re.search(r"The map has no owner\. <small>[^<]+, [^<]+, [^<]+</small>", page)
