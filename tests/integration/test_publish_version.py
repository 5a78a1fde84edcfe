"""A published version: what is in it, what is not, and that it fits together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import duckdb
import publish_support
import pytest

from pipelines.publish.contract import load_contract
from pipelines.publish.pseudonyms import load_pseudonyms
from pipelines.publish.publish import DATABASE, PublishResult, publish
from pipelines.quality.results import counts
from pipelines.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = publish_support.settings_in(tmp_path_factory.mktemp("home"))
    publish_support.make_warehouse(made)
    return made


@pytest.fixture(scope="module")
def published(settings: Settings) -> PublishResult:
    return publish(settings, run_id="run-1", checks=[publish_support.PASSED])


@pytest.fixture(scope="module")
def marts(published: PublishResult) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(published.path / DATABASE), read_only=True) as con:
        yield con


@pytest.fixture(scope="module")
def manifest(published: PublishResult) -> dict[str, dict[str, dict[str, object]]]:
    loaded: dict[str, dict[str, dict[str, object]]] = json.loads((published.path / "manifest.json").read_text("utf-8"))
    return loaded


def one(con: duckdb.DuckDBPyConnection, query: str) -> object:
    row = con.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_it_holds_the_contract_and_the_checks(settings: Settings, marts: duckdb.DuckDBPyConnection) -> None:
    wanted = {
        table.name: [*(column.name for column in table.columns), "as_of", "run_id"]
        for table in load_contract(settings.dbt_project_dir / "models").tables
    }
    rows = marts.execute(
        "select table_name, column_name from duckdb_columns() where not internal order by table_name, column_index"
    )
    found: dict[str, list[str]] = {}
    for table, column in rows.fetchall():
        found.setdefault(table, []).append(column)
    checks = found.pop("data_quality")
    assert found == wanted
    assert {"layer", "table_name", "severity", "status", "why", "as_of", "run_id"} <= set(checks)


def test_every_table_and_column_says_what_it_is(marts: duckdb.DuckDBPyConnection) -> None:
    assert marts.execute("select table_name from duckdb_tables() where coalesce(comment, '') = ''").fetchall() == []
    silent = "select table_name, column_name from duckdb_columns() where coalesce(comment, '') = '' and not internal"
    assert marts.execute(silent).fetchall() == []


def test_every_row_says_as_of_when_and_by_which_run(published: PublishResult, marts: duckdb.DuckDBPyConnection) -> None:
    for table in published.rows:
        bare = f"select count(*) from {table} where as_of <> date '2026-10-31' or run_id is null"
        assert one(marts, bare) == 0, table


def test_the_parquet_twins_hold_the_same_rows(published: PublishResult, marts: duckdb.DuckDBPyConnection) -> None:
    for table in published.rows:
        twin = f"read_parquet('{published.path}/parquet/{table}.parquet')"
        there = f"select count(*) from (select * from {table} except all select * from {twin})"
        back = f"select count(*) from (select * from {twin} except all select * from {table})"
        assert (one(marts, there), one(marts, back)) == (0, 0), table


def test_the_manifest_is_true(published: PublishResult, manifest: dict[str, dict[str, dict[str, object]]]) -> None:
    assert manifest["tables"].keys() == published.rows.keys()
    for name, table in manifest["tables"].items():
        data = (published.path / str(table["file"])).read_bytes()
        assert (table["sha256"], table["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data)), name
        assert table["rows"] == published.rows[name]
    assert manifest["checks"] == counts(published.checks)
    assert manifest["checks"]["failed"] == 0  # type: ignore[comparison-overlap]
    assert manifest["sources"]["shopify"]["rows_landed"] == 160
    assert manifest["version"] == published.version == published.path.name  # type: ignore[comparison-overlap]


def test_no_personal_value_stands_in_any_file(settings: Settings, published: PublishResult) -> None:
    """Read as bytes, past every reader: names, addresses, numbers, notes and the raw ids they belong to."""
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as con:
        direct = con.execute(
            "select unnest([email, phone, full_name, address_line, customer_id]) from core.dim_customers"
            " union select identifier_value from core.bridge_customer_identifiers"
            " union select unnest([order_name, order_id]) from core.fct_orders"
            " union select body from feedback.fct_feedback"
            " union select agent_ref from feedback.fct_tickets"
        ).fetchall()
    needles = [str(value).encode() for (value,) in direct if value is not None]
    assert len(needles) > 500
    for path in published.path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert [needle for needle in needles if needle in content] == [], path.name


def test_ids_are_the_same_person_in_every_table(settings: Settings, marts: duckdb.DuckDBPyConnection) -> None:
    wanted = load_pseudonyms(settings).of("customer", "customer-7")
    for table in ("dim_customers", "orders", "customer_events", "tickets", "segment_membership", "customer_value"):
        assert one(marts, f"select count(*) from {table} where customer_id = '{wanted}'") != 0, table
    unmatched = "select count(*) from orders anti join dim_customers using (customer_id)"
    assert one(marts, unmatched) == 0
    assert one(marts, "select count(*) from order_lines semi join orders using (order_id)") == 120
    assert one(marts, "select count(*) from carts semi join customer_events on first_cart_ref = cart_ref") == 120


def test_an_id_its_home_does_not_know_is_a_pseudonym_too(settings: Settings, marts: duckdb.DuckDBPyConnection) -> None:
    lost = load_pseudonyms(settings).of("order", "shopify:lost")
    assert one(marts, f"select count(*) from customer_events where order_id = '{lost}'") == 1
    assert one(marts, f"select count(*) from orders where order_id = '{lost}'") == 0


def test_bands_that_few_share_are_blanked(marts: duckdb.DuckDBPyConnection) -> None:
    quasi = "language, gender, age_band, country_code, region"
    small = f"""
        select count(*) from (
            select count(*) as n from dim_customers
            where coalesce({quasi}) is not null group by {quasi} having n < 11
        )
    """
    assert one(marts, small) == 0
    assert one(marts, "select count(*) from dim_customers where age_band = '65 and over'") == 0
    assert one(marts, "select count(*) from dim_customers where region is not null") == 59


def test_a_text_few_rows_share_is_a_note_and_not_shown(marts: duckdb.DuckDBPyConnection) -> None:
    assert marts.execute("select distinct reason from refunds order by all").fetchall() == [("damaged",), (None,)]
    assert marts.execute("select distinct coupon_code from orders order by all").fetchall() == [("SUMMER",), (None,)]
    assert one(marts, "select count(*) from orders where has_coupon") == 61


def test_what_follows_the_address_of_a_page_is_cut(marts: duckdb.DuckDBPyConnection) -> None:
    assert marts.execute("select distinct landing_page from sessions").fetchall() == [("/products/sofa",)]


def test_only_links_between_records_are_evidence(marts: duckdb.DuckDBPyConnection) -> None:
    assert one(marts, "select count(*) from identity_evidence") == publish_support.ROWS
    assert one(marts, "select count(*) from identity_evidence where comparison is not null") == len(
        range(2, publish_support.ROWS, 3)
    )
    assert one(marts, "select count(*) from identity_evidence where (rule = 'model') <> (comparison is not null)") == 0


def test_few_persons_behind_a_rule_are_not_counted(marts: duckdb.DuckDBPyConnection) -> None:
    assert one(marts, "select min(n_people) from event_rules") == 11
    assert one(marts, "select count(*) from event_rules where n_people is null") > 0


def test_the_checks_of_all_layers_are_a_table(published: PublishResult, marts: duckdb.DuckDBPyConnection) -> None:
    assert one(marts, "select count(*) from data_quality") == len(published.checks)
    layers = marts.execute("select distinct layer from data_quality order by all").fetchall()
    assert layers == [("core",), ("published",)]
    kinds = {kind for (kind,) in marts.execute("select distinct check_type from data_quality").fetchall()}
    assert {"rows_complete", "no_known_identifiers", "unexpected_rows_expectation"} <= kinds


def test_the_page_lists_every_check(published: PublishResult) -> None:
    html = (published.path / "quality" / "index.html").read_text("utf-8")
    assert html.count("<tr>") - html.count("<thead>") == len(published.checks)


def test_the_same_result_is_published_once(settings: Settings, published: PublishResult) -> None:
    again = publish(settings, run_id="run-2", checks=[publish_support.PASSED])
    assert (again.is_new, again.version, dict(again.rows)) == (False, published.version, dict(published.rows))
    assert [path.name for path in settings.published_dir.glob("2*")] == [published.version]


def test_a_build_from_the_same_warehouse_gives_the_same_rows(
    settings: Settings, published: PublishResult, marts: duckdb.DuckDBPyConnection
) -> None:
    """Only the run's id and the checks' own table may differ between two publications of one warehouse."""
    again = publish(settings, run_id="run-1", checks=[publish_support.PASSED], force=True)
    assert again.version != published.version
    marts.execute(f"attach '{again.path / DATABASE}' as again (read_only)")
    for table in published.rows:
        differing = f"select count(*) from (select * from {table} except all select * from again.{table})"
        assert one(marts, differing) == 0, table
    marts.execute("detach again")
