"""The funnels file: what it says becomes rows, and whoever says it wrongly is told where."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.funnels import FUNNELS_FILE, Funnel, FunnelError, funnel_tables, load_funnels
from pipelines.quality.revision import code_revision
from pipelines.settings import PROJECT_ROOT

TEXT = (PROJECT_ROOT / FUNNELS_FILE).read_text(encoding="utf-8")


def test_the_file_of_the_house_is_right() -> None:
    funnels = {funnel.name: funnel for funnel in load_funnels()}
    assert (funnels["purchase"].window, funnels["checkout"].window) == (14 * 86400, 86400)
    assert {funnel.unit for funnel in funnels.values()} == {"customer", "session", "cart"}
    assert any(funnel.open for funnel in funnels.values())
    assert any("strict_order" in funnel.mode for funnel in funnels.values())
    assert any(funnel.exclusions for funnel in funnels.values())


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("window: 14 days", "window: a fortnight", "funnel purchase, window: is not a duration such as"),
        ("unit: cart", "unit: basket", "funnel checkout, unit: Input should be 'customer', 'session' or 'cart'"),
        (
            "event_type: begin_checkout}",
            "event_type: begin}",
            "funnel purchase, step begin_checkout: event_type",
        ),
        ("stage: research", "stage: dreaming", "funnel journey, step research: stage dreaming is not known"),
        ("mode: strict_order", "mode: strict", "funnel smooth_checkout, mode.1: Input should be 'strict_order'"),
        ("open: true", "opened: true", "funnel journey, opened: Extra inputs are not permitted"),
        ("name: checkout\n", "name: purchase\n", "purchase is defined twice"),
        ("{name: add_to_cart, ", "{name: view_item, ", "funnel purchase, the whole: two steps have one name"),
        (
            "event_type: ticket_opened}",
            "event_type: ticket_opened, between: [purchase, add_to_cart]}",
            "an earlier and a",
        ),
        ("mode: strict_order", "mode: default", "funnel smooth_checkout, the whole: among is for mode strict_order"),
        ("event_type: view_item}", "event_type: view_item, where: {price: 3}}", "funnel purchase, steps.1.where.price"),
        ("event_type: view_item}", "event_type: view_item, stage: research}", "needs exactly one of event_type"),
        ("hold_constant: product_line", "hold_constant: colour", "funnel same_line_purchase, hold_constant: Input"),
        ("funnels:", "funnels: [", "cannot be read"),
    ],
)
def test_a_wrong_definition_names_file_funnel_and_field(tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in TEXT
    file = tmp_path / "funnels.yml"
    file.write_text(TEXT.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(FunnelError, match=r"funnels\.yml") as raised:
        load_funnels(file=file)
    assert told in str(raised.value)


def test_every_way_to_count_is_one_row_and_none_is_twice() -> None:
    funnel = Funnel.model_validate(
        {
            "name": "f",
            "description": "a funnel of the test",
            "unit": "customer",
            "window": "30 minutes",
            "mode": "strict_order",
            "steps": [
                {"name": "a", "touchpoint": "checkout", "where": {"channel": ["web", "app"], "region": "North"}},
                {"name": "b", "stage": ["purchase", "repeat"]},
            ],
            "exclusions": [{"event_type": "refund"}],
        }
    )
    tables = funnel_tables([funnel])
    matches = tables["funnel_matches"].select(
        "role", "step_order", "until_step", "event_type", "stage", "only_channel", "only_region"
    )
    checkout = ("begin_checkout", "add_shipping_info", "add_payment_info", "order_confirmation")
    assert set(matches.rows()) == {
        *(("step", 1, None, kind, None, channel, "North") for kind in checkout for channel in ("web", "app")),
        *(("step", 2, None, None, stage, None, None) for stage in ("purchase", "repeat")),
        ("exclusion", 1, 2, "refund", None, None, None),
        ("interruption", 0, None, None, None, None, None),
    }
    assert matches.height == matches.unique().height
    assert tables["funnel_definitions"]["window_seconds"].to_list() == [1800, 1800]


def test_an_edited_file_is_something_new(tmp_path: Path) -> None:
    """A refresh asks the revision of the code; the funnels file is part of it."""
    file = tmp_path / FUNNELS_FILE
    file.parent.mkdir(parents=True)
    file.write_text(TEXT)
    before = code_revision(_root(tmp_path))
    file.write_text(TEXT.replace("14 days", "15 days", 1))
    assert code_revision(tmp_path) != before


def _root(path: Path) -> Path:
    (path / "requirements.lock").write_text("")
    for folder in ("pipelines", "expectations"):
        (path / folder).mkdir(exist_ok=True)
    return path
