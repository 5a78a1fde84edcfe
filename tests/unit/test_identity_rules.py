"""The rules file: what is refused, and how the message says where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.identity.rules import RULES_FILE, RulesError, load_rules


def written(path: Path, change: dict[str, Any]) -> Path:
    """The shipped file with some of its parts replaced."""
    content = yaml.safe_load(RULES_FILE.read_text(encoding="utf-8")) | change
    target = path / "rules.yml"
    target.write_text(yaml.safe_dump(content), encoding="utf-8")
    return target


def rule(**change: Any) -> dict[str, Any]:
    return {"name": "email", "keys": ["email"], "conditions": "same", "priority": 1, "confidence": 0.9} | change


def test_the_shipped_file_is_in_order() -> None:
    rules = load_rules()
    by_name = {each.name: each for each in rules.rules}
    assert by_name["shop_customer"].priority < by_name["email"].priority < by_name["device"].priority
    assert rules.thresholds.auto_link >= 0.99
    assert {each.key for each in rules.unique} >= {"shop_customer", "loyalty_card", "birth_date"}


def test_the_fingerprint_follows_what_the_rules_say_not_how_they_are_laid_out(tmp_path: Path) -> None:
    assert load_rules(written(tmp_path, {})).fingerprint == load_rules().fingerprint
    assert load_rules(written(tmp_path, {"cluster_cap": 7})).fingerprint != load_rules().fingerprint


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rules": [rule(priority=0)]}, "rule email priority"),
        ({"rules": [rule(confidence=1.5)]}, "rule email confidence"),
        ({"rules": [rule(), rule()]}, "email stands twice"),
        ({"rules": [rule(trust=1)]}, "rule email trust"),
        ({"rules": [{"name": "email"}]}, "rule email keys"),
        ({"rules": [rule(name="always_match")]}, "the ledger's"),
        ({"rules": [rule(), rule(name="guess", links="guess")]}, "priority 1"),
        ({"unique": [{"key": "card", "why": "x", "merged_by": ["no_such"]}]}, "no rule is called no_such"),
        ({"unique": [{"key": "card", "why": "x", "judged_by": ["no_such"]}]}, "no rule is called no_such"),
        ({"unique": [{"key": "card", "why": "x", "merged_by": ["email"], "slips": True}]}, "not both"),
        ({"unique": [{"key": "card", "why": "x"}] * 2}, "card stands twice"),
        ({"thresholds": {"auto_link": 0.8, "review": 0.9, "backed": 0.5}}, "must rise"),
        ({"cluster_cap": 1}, "cluster_cap"),
        ({"version": 2}, "version"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_not_allowed_is_refused_and_named(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    path = written(tmp_path, change)
    with pytest.raises(RulesError, match=told) as error:
        load_rules(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("text", ["rules: [", "- just\n- a list\n"])
def test_a_file_of_another_form_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(text)
    with pytest.raises(RulesError, match=r"rules\.yml"):
        load_rules(tmp_path / "rules.yml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"other\.yml"):
        load_rules(tmp_path / "other.yml")
