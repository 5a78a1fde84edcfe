"""A refresh that a check stops: nothing is published, yesterday's version stays, the message says where to look."""

from __future__ import annotations

import json

from pipelines.settings import Settings
from tests.pipeline.company import journeyline
from tests.pipeline.published import database, versions


def stopped(settings: Settings) -> str:
    """Refresh, see that nothing was published and the version before stays, and return what was told."""
    before, current = versions(settings), database(settings).resolve()
    done = journeyline(settings, "refresh")
    assert done.returncode == 1
    assert "next:" in done.stderr
    assert "Nothing was published" in done.stderr
    assert "@" not in done.stderr, "a message must not show a value of the data"
    assert versions(settings) == before
    assert database(settings).resolve() == current
    return done.stderr


def test_a_dirty_export_stops_before_publishing_and_says_where(demo_copy: Settings) -> None:
    """An export with most of its e-mails gone: it lands, its suite says no, and yesterday's version stays."""
    folder = demo_copy.landing_dir / "shopify"
    rows = [json.loads(line) for path in folder.glob("customers*.jsonl") for line in path.read_text().splitlines()]
    stripped = [{**row, "email": None, "updated_at": f"2026-10-31T22:00:0{n}Z"} for n in range(3) for row in rows]
    (folder / "customers-dirty.jsonl").write_text("".join(json.dumps(row) + "\n" for row in stripped))

    told = stopped(demo_copy)

    assert "raw/shopify__customers · landing_suite" in told
    assert "expectations/landing/shopify__customers.yml" in told
    assert journeyline(demo_copy, "query", "select count(*) from dim_customers", "--format", "csv").returncode == 0

    (folder / "customers-dirty.jsonl").unlink()
    for path in (demo_copy.raw_dir / "shopify" / "customers").rglob("*"):
        if path.is_file() and "customers-dirty" in path.with_suffix(".json").read_text():
            path.unlink() if path.suffix == ".parquet" else None
    assert json.loads(journeyline(demo_copy, "refresh", "--json").stdout)["status"] == "nothing new"


def test_a_failed_dbt_test_stops_before_publishing_and_is_named(demo_copy: Settings) -> None:
    """The help desk opens a channel nobody has mapped: its file is fine, its ticket belongs to no known channel."""
    folder = demo_copy.landing_dir / "zendesk"
    ticket = json.loads((folder / "tickets.jsonl").read_text(encoding="utf-8").splitlines()[0])
    ticket |= {"id": 999_001, "via": {"channel": "whatsapp"}}
    (folder / "tickets_new_channel.jsonl").write_text(json.dumps(ticket) + "\n", encoding="utf-8")

    told = stopped(demo_copy)

    assert "relationships_fct_tickets_channel__channel__ref_channels_" in told
    errors = [line.split()[1] for line in told.splitlines() if line.lstrip().startswith("error ")]
    assert errors
    assert [asset for asset in errors if asset.startswith("raw/")] == [], "the file itself is fine"
