"""Whatever breaks, wherever: the version before stays current, and the next publication works."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import publish_support
import pytest

from pipelines.publish import publish as module
from pipelines.publish import versions
from pipelines.publish.publish import DATABASE, PublishBlockedError, publish
from pipelines.quality.results import CheckResult
from pipelines.settings import PROJECT_ROOT, Settings

STEPS = (
    "build.attach",
    "build.build_tables",
    "quality_table.create",
    "probe.probe",
    "gx.validate",
    "quality_table.append",
    "build.write_parquet",
    "manifest.describe",
    "page.render",
    "versions.complete",
    "versions.switch",
)
"""Every step of a publication up to the switch, in order."""

PASSED = [publish_support.PASSED]


@pytest.fixture(autouse=True)
def no_suites(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suites have their own tests; without them a publication takes a tenth of the time."""
    monkeypatch.setattr("pipelines.publish.publish.gx.validate", lambda *_, **__: [])


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a warehouse and one version, made once: each test works on a copy."""
    made = publish_support.settings_in(tmp_path_factory.mktemp("template"))
    publish_support.make_warehouse(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.publish.publish.gx.validate", lambda *_, **__: [])
        publish(made, run_id="first", checks=PASSED)
    return made


@pytest.fixture
def settings(template: Settings, tmp_path: Path) -> Settings:
    """A copy of that home, with something new to publish."""
    home = tmp_path / "home"
    shutil.copytree(template.home, home, symlinks=True)
    copied = publish_support.settings_in(home)
    change(copied)
    return copied


@pytest.fixture
def first(template: Settings) -> str:
    """The version there was before."""
    name = versions.current_name(template)
    assert name is not None
    return name


def change(settings: Settings) -> None:
    """Land one more batch."""
    folder = settings.raw_dir / "shopify" / "orders" / "2026-11-01"
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.iterdir()))
    (folder / f"batch{number}.parquet").touch()
    (folder / f"batch{number}.json").touch()


def readable(settings: Settings) -> int:
    with duckdb.connect(str(settings.published_dir / "current" / DATABASE), read_only=True) as con:
        row = con.execute("select count(*) from orders").fetchone()
    assert row is not None
    return int(row[0])


def failing(before: Callable[..., Any] | None, error: BaseException) -> Callable[..., Any]:
    def step(*args: Any, **kwargs: Any) -> Any:
        if before is not None:
            before(*args, **kwargs)
        raise error

    return step


@pytest.fixture(scope="module")
def crashed(template: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy with something new to publish, in which one publication after the other crashes."""
    home = tmp_path_factory.mktemp("crashed") / "home"
    shutil.copytree(template.home, home, symlinks=True)
    copied = publish_support.settings_in(home)
    change(copied)
    return copied


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_leaves_the_version_before(
    crashed: Settings, monkeypatch: pytest.MonkeyPatch, step: str, late: bool
) -> None:
    before = versions.current_name(crashed)
    owner, _, name = step.partition(".")
    done = getattr(getattr(module, owner), name)
    monkeypatch.setattr(getattr(module, owner), name, failing(done if late else None, KeyboardInterrupt("pulled")))
    with pytest.raises(KeyboardInterrupt):
        publish(crashed, run_id="second", checks=PASSED, force=True)
    switched = step == "versions.switch" and late
    assert (versions.current_name(crashed) == before) is not switched
    assert readable(crashed) == 120
    assert list(crashed.published_dir.glob(".2*.tmp")) == []


def test_after_crashes_at_every_step_a_publication_works(crashed: Settings) -> None:
    before = {version.name for version in versions.versions(crashed)}
    result = publish(crashed, run_id="third", checks=PASSED, force=True)
    assert versions.current_name(crashed) == result.version
    assert {version.name for version in versions.versions(crashed)} == {*before, result.version}
    assert readable(crashed) == 120


KILLED = """
import os, signal, sys
sys.path[:0] = [{root!r}, {tests!r}]
import publish_support
from pathlib import Path
from pipelines.publish import publish as module
module.gx.validate = lambda *_, **__: []
owner, _, name = {step!r}.partition(".")
setattr(getattr(module, owner), name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
settings = publish_support.settings_in(Path({home!r}))
module.publish(settings, run_id="killed", checks=[publish_support.PASSED])
"""


@pytest.mark.parametrize("step", ["build.write_parquet", "versions.switch"])
def test_a_killed_process_leaves_the_version_before_and_its_rest_is_cleared(
    settings: Settings, first: str, step: str
) -> None:
    script = KILLED.format(root=str(PROJECT_ROOT), tests=str(Path(__file__).parent), home=str(settings.home), step=step)
    killed = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    left = [path.name for path in settings.published_dir.iterdir() if first not in path.name]
    assert len(left) == 4, "the rest of the killed process, and lock, link and history"
    assert versions.current_name(settings) == first
    assert readable(settings) == 120
    second = publish(settings, run_id="second", checks=PASSED)
    assert second.is_new
    assert {version.name for version in versions.versions(settings)} == {first, second.version}
    assert list(settings.published_dir.glob(".2*.tmp")) == []


def test_a_failed_check_of_an_earlier_layer_stops_before_anything_is_built(
    settings: Settings, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.build, "build_tables", failing(None, AssertionError("nothing may be built")))
    bad = CheckResult("raw", "pos__receipts", "be_between", "error", "Units are positive.", "failed", n_unexpected=3)
    with pytest.raises(PublishBlockedError, match=r"raw\.pos__receipts be_between") as caught:
        publish(settings, run_id="second", checks=[*PASSED, bad])
    assert versions.current_name(settings) == first
    page = caught.value.page_path.read_text("utf-8")
    assert "nothing was published" in page
    assert "Units are positive." in page


def test_a_failed_warning_is_published_and_shown(settings: Settings) -> None:
    odd = CheckResult("raw", "pos__receipts", "mean_to_be_between", "warning", "Looks odd.", "failed")
    result = publish(settings, run_id="first", checks=[*PASSED, odd])
    with duckdb.connect(str(result.path / DATABASE), read_only=True) as con:
        found = con.execute("select status, severity from data_quality where table_name = 'pos__receipts'").fetchall()
    assert found == [("failed", "warning")]


CARD = """
    insert into core.bridge_customer_identifiers by name
    select
        'customer-1' as customer_id,
        'loyalty_id' as identifier_type,
        'LC-20019988' as identifier_value,
        1 as n_source_records,
        'pos' as systems;
    update core.fct_orders set store_ref = 'lc-20019988';
"""


@pytest.mark.parametrize(
    ("leak", "kind"),
    [
        ("update core.dim_products set name = 'For anna@example.org' where product_id = 'HM-1'", "no_contact_details"),
        ("update core.dim_products set brand = 'call +49 30 123 45 00'", "no_contact_details"),
        ("update core.fct_events set touchpoint = 'Person Number 7'", "no_known_identifiers"),
        ("update journey.fct_carts set primary_cause = 'see person7@example.org'", "no_known_identifiers"),
        (CARD, "no_known_identifiers"),
    ],
)
def test_a_leak_in_the_warehouse_is_not_published(settings: Settings, first: str, leak: str, kind: str) -> None:
    with duckdb.connect(str(settings.warehouse_path)) as con:
        con.execute(leak)
    with pytest.raises(PublishBlockedError) as caught:
        publish(settings, run_id="second", checks=PASSED)
    assert kind in {check.check_type for check in caught.value.checks if check.blocks}
    assert versions.current_name(settings) == first
    assert "anna@example.org" not in caught.value.page_path.read_text("utf-8")


def test_a_product_may_have_the_number_of_a_customer(settings: Settings) -> None:
    """Short numbers meet by chance: a product's is no leak, the same number in another column is one."""
    with duckdb.connect(str(settings.warehouse_path)) as con:
        con.execute(
            "insert into core.bridge_customer_identifiers by name select 'customer-1' as customer_id,"
            " 'login_id' as identifier_type, '12346' as identifier_value, 1 as n_source_records, 'shop' as systems;"
            " update core.dim_products set product_id = '12346' where product_id = 'HM-1'"
        )
    publish(settings, run_id="second", checks=PASSED)
    change(settings)
    with duckdb.connect(str(settings.warehouse_path)) as con:
        con.execute("update core.dim_products set brand = '12346' where product_id = '12346'")
    with pytest.raises(PublishBlockedError, match="dim_products no_known_identifiers"):
        publish(settings, run_id="third", checks=PASSED)


def test_rows_doubled_on_the_way_out_are_noticed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    built = module.build.build_tables

    def doubling(con: duckdb.DuckDBPyConnection, *args: Any) -> None:
        built(con, *args)
        con.execute("insert into marts.orders select * from marts.orders limit 1")

    monkeypatch.setattr(module.build, "build_tables", doubling)
    with pytest.raises(PublishBlockedError, match=r"published\.orders rows_complete"):
        publish(settings, run_id="first", checks=PASSED)


def test_a_rolled_back_result_is_not_published_again_by_itself(settings: Settings, first: str) -> None:
    second = publish(settings, run_id="second", checks=PASSED)
    versions.rollback(settings, first)
    again = publish(settings, run_id="third", checks=PASSED)
    assert (again.is_new, again.version) == (False, second.version)
    assert versions.current_name(settings) == first
    change(settings)
    assert publish(settings, run_id="fourth", checks=PASSED).is_new
