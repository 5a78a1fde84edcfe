"""The quality page: every check of a run as one static, offline page.

Belongs here: turning results into HTML. Stays out: running checks and writing files. The page asks nothing of any
network, runs no script, and its own policy forbids both.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipelines.quality.results import CheckResult, counts, in_order

TEMPLATES = Path(__file__).with_name("templates")


def render(results: Sequence[CheckResult], about: Mapping[str, Any]) -> str:
    """The page for these results; ``about`` is the version's manifest, or empty for a run that was stopped."""
    ordered = in_order(results)
    style = (TEMPLATES / "quality.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _environment()
        .get_template("quality.html.j2")
        .render(
            about=about,
            # The style is our own file; escaped, it would no longer have the hash the policy names.
            style=Markup(style),
            style_hash=digest,
            tally=counts(ordered),
            attention=sorted(
                (result for result in ordered if not result.success), key=lambda result: not result.blocks
            ),
            layers=_by_layer(ordered),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.globals.update(
        all_passed=lambda results: all(result.success for result in results),
        number=lambda value: "" if value is None else f"{value:,}",
        observed=lambda value: f"{value:,.4g}",
        outcome=_outcome,
        percent=lambda share: "" if share is None else f"{share:.2%}",
        summary=_summary,
        words=_words,
    )
    return environment


def _by_layer(results: Sequence[CheckResult]) -> list[tuple[str, list[tuple[str, list[CheckResult]]]]]:
    return [
        (layer, [(table, list(own)) for table, own in groupby(in_layer, key=lambda result: result.table)])
        for layer, in_layer in groupby(results, key=lambda result: result.layer)
    ]


def _outcome(result: CheckResult) -> str:
    return "passed" if result.success else "failed" if result.blocks else "warned"


def _words(result: CheckResult) -> str:
    if result.status == "error":
        return "not computed"
    return _outcome(result)


def _summary(results: Sequence[CheckResult]) -> str:
    tally = counts(results)
    words = [f"{tally[name]} {name}" for name in ("failed", "warned", "passed") if tally[name]]
    return ", ".join(words)
