"""The quality page: offline, without scripts, escaped, complete."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from pipelines.quality import page
from pipelines.quality.results import CheckResult

ABOUT: dict[str, Any] = {
    "version": "20261101T020000000Z-run",
    "as_of": "2026-10-31",
    "published_at": "2026-11-01T02:00:00+00:00",
    "run_id": "run-1",
    "git_revision": None,
    "sources": {"shopify": {"rows_landed": 1234, "rows_quarantined": 2}},
}


def check(**changes: Any) -> CheckResult:
    given: dict[str, Any] = {
        "layer": "raw",
        "table": "shopify__orders",
        "check_type": "expect_column_values_to_not_be_null",
        "severity": "error",
        "why": "Key of the order.",
        "status": "passed",
        "columns": ("id",),
        "n_checked": 1000,
        "n_unexpected": 0,
    }
    return CheckResult(**{**given, **changes})


def test_the_page_asks_nothing_of_the_network_and_runs_no_script() -> None:
    html = page.render([check()], ABOUT)
    assert re.findall(r"https?:|//[a-z]|<script|<link|<img|@import|url\(", html) == []
    assert "default-src 'none'" in html


def test_the_policy_allows_just_the_style_that_is_there() -> None:
    html = page.render([check()], ABOUT)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    allowed = re.search(r"style-src 'sha256-([^']+)'", html)
    assert style is not None
    assert allowed is not None
    assert base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode() == allowed.group(1)
    assert 'style="' not in html


def test_texts_are_escaped() -> None:
    html = page.render([check(why="<b>bold</b> & more", status="failed", message="<i>")], ABOUT)
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in html
    assert "<i>" not in html


def test_every_check_stands_there_with_its_counts() -> None:
    html = page.render(
        [check(), check(table="pos__receipts", n_checked=5000, n_unexpected=125, status="failed")], ABOUT
    )
    assert "pos__receipts" in html
    assert "5,000" in html
    assert "125" in html
    assert "2.50%" in html


def test_what_failed_comes_first_and_its_table_is_open() -> None:
    html = page.render([check(), check(table="pos__receipts", status="failed", severity="warning")], ABOUT)
    assert html.index("To look at") < html.index("<details")
    assert html.count("<details open>") == 1
    assert "To look at" not in page.render([check()], ABOUT)


def test_an_error_of_the_check_is_not_called_bad_data() -> None:
    html = page.render([check(status="error", message="no such column")], ABOUT)
    assert "not computed" in html
    assert "no such column" in html


def test_a_stopped_run_says_that_nothing_was_published() -> None:
    assert "nothing was published" in page.render([check(status="failed")], {})
    assert "nothing was published" not in page.render([check()], ABOUT)
