"""The site in a browser: no network, no script, no sideways scroll, nothing axe faults, the map on one sheet of paper.

Skips, saying so, only where no Chromium is installed.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pytest
import showroom_kit

from pipelines.showroom.build import build
from tests.shared import once

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
WIDTHS = (320, 390, 768, 1024, 1280, 1440, 1920)
PAGES = (
    "index.html",
    "segments/segment_0.html",
    "compare.html",
    "pains.html",
    "opportunities.html",
    "data.html",
    "tour.html",
)
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a long name in every place a name stands."""

    def made(folder: Path) -> Path:
        version = showroom_kit.make_version(folder / "v", name="Carefully comparing homeowners")
        return build(version, is_sample=True).path

    return once(tmp_path_factory, "showroom_in_a_browser", made)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize("name", PAGES)
def test_pages_ask_nothing_of_the_network_and_need_no_script(browser: Any, site: Path, name: str) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    # Fonts are asked for when the page is laid out, which may be after it counts as loaded.
    with page.expect_event("requestfinished", lambda request: request.url.endswith(".woff2")):
        page.goto((site / name).as_uri())
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}
    assert any(url.endswith("showroom.css") for url in asked)
    # A blocked style, font or script is said on the console.
    assert said == []
    context.close()


@pytest.mark.parametrize("name", ["index.html", "segments/segment_0.html"])
def test_script_adds_no_content(browser: Any, site: Path, name: str) -> None:
    texts = []
    for with_script in (False, True):
        context = browser.new_context(java_script_enabled=with_script)
        page = context.new_page()
        page.clock.set_fixed_time("2026-11-01T12:00:00Z")
        page.goto((site / name).as_uri())
        texts.append(page.locator("body").inner_text())
        context.close()
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("now", "said", "banner"),
    [
        ("2026-11-02T03:12:00Z", "", False),
        ("2026-11-03T03:12:00Z", "2 days ago", False),
        ("2026-11-09", "8 days", True),
    ],
)
def test_an_old_page_says_by_itself_that_it_is_old(browser: Any, site: Path, now: str, said: str, banner: bool) -> None:
    page = browser.new_page()
    page.clock.set_fixed_time(now)
    page.goto((site / "index.html").as_uri())
    fresh = page.locator(".fresh")
    assert "Data through 31 Oct 2026" in fresh.inner_text()
    assert said in fresh.inner_text() if said else "ago" not in fresh.inner_text()
    assert page.locator(".stale-banner").is_visible() == banner
    page.close()


def test_light_or_dark_is_remembered_from_page_to_page(browser: Any, site: Path) -> None:
    context = browser.new_context(color_scheme="light")
    page = context.new_page()
    page.goto((site / "index.html").as_uri())
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate(paper)
    assert dark != light
    page.goto((site / "tour.html").as_uri())
    assert page.evaluate(paper) == dark
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(browser: Any, site: Path, name: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    wide = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.goto((site / name).as_uri())
        wide[width] = page.evaluate("document.documentElement.scrollWidth")
    assert {width: found for width, found in wide.items() if found > width} == {}
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_faults_nothing(browser: Any, site: Path, name: str, scheme: str) -> None:
    found = []
    for width in (390, 1024, 1440):
        # The page's own policy runs no script; axe is the test's.
        context = browser.new_context(
            color_scheme=scheme, bypass_csp=True, viewport={"width": width, "height": 900}, reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto((site / name).as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        page.evaluate(AXE)
        result = page.evaluate("tags => axe.run(document, {resultTypes: ['violations'], runOnly: tags})", list(TAGS))
        found += [
            f"{width} {fault['id']}: {node['target']} {node['failureSummary'][:200]}"
            for fault in result["violations"]
            for node in fault["nodes"][:3]
        ]
        context.close()
    assert found == []


def test_a_pair_shows_two_groups_alone_and_all_groups_shows_them_again(browser: Any, site: Path) -> None:
    page = browser.new_page(java_script_enabled=False)
    shown = page.locator(".smalls > li:visible")
    page.goto(f"{(site / 'compare.html').as_uri()}#segment_0+segment_1")
    assert (shown.count(), page.locator(".numbers tbody tr:visible").count()) == (2, 2)
    page.get_by_role("link", name="All groups").click()
    assert shown.count() == 5
    page.close()


def test_the_keyboard_reaches_content_menu_and_details(browser: Any, site: Path) -> None:
    page = browser.new_page()
    page.goto((site / "segments" / "segment_0.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    page.locator("summary", has_text="How was this computed?").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.how").first.get_attribute("open") is not None
    page.close()


def test_tables_are_read_on_a_phone_without_scrolling_sideways(browser: Any, site: Path) -> None:
    """Each row stands as lines; what the column is called stands before its number, and a screen reader has a table."""
    page = browser.new_page(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page.goto((site / "data.html").as_uri())
    for name, columns in (("sources", 6), ("checks", 4), ("pages", 3), ("tables", 4)):
        region = page.get_by_role("region", name=f"Table of {name}")
        assert region.evaluate("region => region.scrollWidth <= region.clientWidth")
        assert region.get_by_role("columnheader").count() == columns
    row = page.get_by_role("region", name="Table of tables").get_by_role("row").nth(1)
    assert row.get_by_role("rowheader").is_visible()
    label = "cell => getComputedStyle(cell, '::before').content"
    assert row.get_by_role("cell").evaluate_all(f"cells => cells.map({label})") == ["none", '"Rows "', '"Size "']
    page.close()


def test_a_definition_opens_by_enter_and_closes_by_escape_without_a_script(browser: Any, site: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page.goto((site / "segments" / "segment_0.html").as_uri())
    word = page.locator("button.term").last
    definition = page.locator(f"#{word.get_attribute('popovertarget')}")
    assert not definition.is_visible()
    word.focus()
    page.keyboard.press("Enter")
    box = definition.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert definition.get_by_role("link").get_attribute("href").startswith("../data.html#metric-")
    page.keyboard.press("Escape")
    assert not definition.is_visible()
    page.close()


@pytest.mark.parametrize(
    ("lane", "labels"), [("questions", {"Questions"}), ("barriers", {"Barriers", "Recoverable a year"})]
)
def test_a_phone_leaves_out_lanes_of_which_nothing_is_known_and_says_so(
    browser: Any, tmp_path: Path, lane: str, labels: set[str]
) -> None:
    """Where nobody looked for barriers, what they cost is not known either."""
    version = showroom_kit.make_version(tmp_path / "v", segments=1)
    with duckdb.connect(str(version / "marts.duckdb")) as con:
        con.execute("delete from journey_map where lane = ?", [lane])
    address = (build(version, is_sample=False).path / "segments" / "segment_0.html").as_uri()
    shown = {}
    for width in (390, 1440):
        page = browser.new_page(viewport={"width": width, "height": 900}, java_script_enabled=False)
        page.goto(address)
        empty = page.locator(".stage").first.locator(".lane:has(> .unknown)")
        assert labels <= set(empty.evaluate_all("lanes => lanes.map(lane => lane.dataset.label)"))
        every, known = page.locator(".stage .unknown"), page.locator(".stage .nothing:not(.unknown)")
        shown[width] = (every.count(), page.locator(".stage .unknown:visible").count())
        said = page.locator(".stage").first.evaluate("stage => getComputedStyle(stage, '::after').content")
        assert ("Lanes of which nothing is known" in said) == (width == 390)
        # That nobody has an idea, or that a barrier was looked for in vain, is something known.
        assert known.count() == page.locator(".stage .nothing:not(.unknown):visible").count() > 0
        page.close()
    assert shown[1440][0] == shown[1440][1] > 0
    assert shown[390] == (shown[1440][0], 0)


def test_the_map_is_on_one_sheet(browser: Any, site: Path, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto((site / "segments" / "segment_0.html").as_uri())
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    sheets = len(re.findall(rb"/Type\s*/Page[^s]", (tmp_path / "page.pdf").read_bytes()))
    assert 3 <= sheets <= 7
    # 190 mm of height at 96 dots an inch are what an A4 sheet on its side has between its margins.
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1047, "height": 718})
    height = page.locator("#map").bounding_box()["height"]
    assert height <= 718
    page.close()
