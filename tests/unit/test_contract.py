"""The landing contract: what the repository declares is read, and what the grammar does not know is an error."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.contract import ContractError, load_contract, load_contracts
from pipelines.settings import DEMO_SYSTEMS, known_systems

DOCUMENT: dict[str, Any] = {
    "version": 2,
    "sources": [
        {
            "name": "shop",
            "schema": "raw",
            "description": "A shop.",
            "config": {
                "loaded_at_field": "_loaded_at",
                "meta": {"owner": "data@shop.example", "time_zone": "Europe/Berlin", "reporting_currency": "EUR"},
            },
            "tables": [
                {
                    "name": "orders",
                    "identifier": "shop__orders",
                    "description": "One row per order.",
                    "config": {
                        "freshness": None,
                        "meta": {
                            "file": "shop/orders*.csv*",
                            "format": "csv",
                            "key": ["id"],
                            "version_column": "changed_at",
                            "event_time": "ordered_at",
                            "csv": {"delimiter": ";", "null_values": ["NULL"]},
                        },
                    },
                    "columns": [
                        {
                            "name": "id",
                            "description": "Order.",
                            "data_type": "BIGINT",
                            "config": {"meta": {"required": True, "source_name": "Order ID"}},
                        },
                        {"name": "ordered_at", "description": "When.", "data_type": "timestamp"},
                        {
                            "name": "changed_at",
                            "description": "Version.",
                            "data_type": "timestamp",
                            "config": {"meta": {"time_zone": "UTC", "format": "%d.%m.%Y"}},
                        },
                        {
                            "name": "total",
                            "description": "Money.",
                            "data_type": "Decimal(18, 4)",
                            "config": {"meta": {"parse": "money", "pii": "quasi"}},
                        },
                    ],
                }
            ],
        }
    ],
}


def write(root: Path, document: Any) -> Path:
    path = root / "dbt_project" / "models" / "staging" / "shop" / "_shop__sources.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document), encoding="utf-8")
    return root


def changed(path: str, value: Any) -> dict[str, Any]:
    """The document with one place replaced; the place is given by keys and positions, ``None`` deletes it."""
    document = copy.deepcopy(DOCUMENT)
    *steps, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    place: Any = document["sources"][0]
    for step in steps:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return document


def test_a_contract_is_read_with_its_defaults(tmp_path: Path) -> None:
    contract = load_contract("shop", write(tmp_path, DOCUMENT))
    assert (contract.owner, contract.time_zone, contract.currency) == ("data@shop.example", "Europe/Berlin", None)
    assert (contract.reporting_currency, contract.reporting_time_zone) == ("EUR", None)
    orders = contract.table("orders")
    assert (orders.relation_name, orders.files, orders.key) == ("shop__orders", ("shop/orders*.csv*",), ("id",))
    assert (orders.version_column, orders.event_time) == ("changed_at", "ordered_at")
    assert (orders.csv.delimiter, orders.csv.quote, orders.csv.null_values) == (";", '"', ("NULL",))
    order_id, ordered_at, changed_at, total = orders.columns
    assert (order_id.source_name, order_id.data_type, order_id.required) == ("Order ID", "bigint", True)
    assert (ordered_at.source_name, ordered_at.time_zone, ordered_at.required) == ("ordered_at", "Europe/Berlin", False)
    assert (changed_at.time_zone, changed_at.format) == ("UTC", "%d.%m.%Y")
    assert (total.data_type, total.parse, total.pii) == ("decimal(18,4)", "money", "quasi")


def test_contracts_are_frozen(tmp_path: Path) -> None:
    contract = load_contract("shop", write(tmp_path, DOCUMENT))
    with pytest.raises(ValueError, match="frozen"):
        contract.tables[0].columns[0].required = False
    with pytest.raises(KeyError, match="no table 'returns'"):
        contract.table("returns")
    with pytest.raises(KeyError, match="no column 'name'"):
        contract.table("orders").column("name")


ORDERS = "tables/0"
META = f"{ORDERS}/config/meta"
WRONG: dict[str, tuple[str, Any, str]] = {
    "unknown table key": (f"{META}/delimiter", ";", "table orders: config.meta.delimiter is not a known key"),
    "unknown csv key": (f"{META}/csv/sep", ";", "table orders: config.meta.csv.sep is not a known key"),
    "unknown source key": ("config/meta/timezone", "UTC", "config.meta.timezone is not a known key"),
    "unknown column key": (
        f"{ORDERS}/columns/0/config/meta/requried",
        True,
        "table orders, column id: config.meta.requried is not a known key",
    ),
    "missing format": (f"{META}/format", None, "table orders: config.meta.format is missing"),
    "missing key": (f"{META}/key", None, "table orders: config.meta.key is missing"),
    "missing owner": ("config/meta/owner", None, "config.meta.owner is missing"),
    "missing type": (f"{ORDERS}/columns/1/data_type", None, "table orders, column ordered_at: data_type is missing"),
    "missing description": (f"{ORDERS}/columns/1/description", None, "column ordered_at: description is missing"),
    "unknown format": (f"{META}/format", "xml", "table orders: config.meta.format: Input should be 'csv', 'jsonl',"),
    "unknown type": (
        f"{ORDERS}/columns/0/data_type",
        "int64",
        "column id: data_type 'int64' is not known; use varchar,",
    ),
    "decimal too wide": (f"{ORDERS}/columns/3/data_type", "decimal(39,2)", "column total: data_type 'decimal(39,2)'"),
    "unknown zone": ("config/meta/time_zone", "Berlin", "config.meta.time_zone: 'Berlin' is not an IANA time zone"),
    "unknown currency": ("config/meta/currency", "euro", "config.meta.currency: 'euro' is not an ISO 4217 code"),
    "unknown pii": (f"{ORDERS}/columns/0/config/meta/pii", "yes", "column id: config.meta.pii: Input should be"),
    "required as text": (f"{ORDERS}/columns/0/config/meta/required", "yes", "column id: config.meta.required: Input"),
    "key of no column": (f"{META}/key", ["order_id"], "table orders: key names 'order_id', which is not a column"),
    "version of no column": (f"{META}/version_column", "v", "table orders: version_column names 'v'"),
    "event of no column": (f"{META}/event_time", "v", "table orders: event_time names 'v'"),
    "event that is no time": (
        f"{META}/event_time",
        "id",
        "column id: event_time must be a date or timestamp, not bigint",
    ),
    "column twice": (f"{ORDERS}/columns/1/name", "id", "table orders: column 'id' is declared twice"),
    "source column twice": (
        f"{ORDERS}/columns/0/config/meta/source_name",
        "total",
        "table orders: two columns read 'total' from the file",
    ),
    "reserved name": (f"{ORDERS}/columns/1/name", "_batch_id", "column _batch_id: the name is reserved"),
    "upper case name": (f"{ORDERS}/columns/1/name", "Ordered", "column Ordered: names are lower case letters"),
    "identifier": (f"{ORDERS}/identifier", "orders", "identifier is 'orders'; it must be 'shop__orders'"),
    "other system": ("name", "store", "the source is called 'store'; call it 'shop'"),
    "money as text": (f"{ORDERS}/columns/3/data_type", "varchar", "column total: parse money makes a number"),
    "format of a number": (f"{ORDERS}/columns/2/data_type", "bigint", "column changed_at: format is for date"),
    "path in csv": (f"{ORDERS}/columns/0/config/meta/path", "a.b", "column id: path is for json and jsonl"),
    "struct in csv": (f"{ORDERS}/columns/1/data_type", "struct(a int)", "nested types are for parquet"),
    "no tables": ("tables", [], "tables: List should have at least 1 item"),
}


@pytest.mark.parametrize(("path", "value", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_the_grammar_does_not_know_names_file_table_and_column(
    tmp_path: Path, path: str, value: Any, message: str
) -> None:
    with pytest.raises(ContractError) as caught:
        load_contract("shop", write(tmp_path, changed(path, value)))
    text = str(caught.value)
    assert text.startswith("dbt_project/models/staging/shop/_shop__sources.yml")
    assert message in text


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"staging/shop/_shop__sources.yml does not exist: every enabled system"):
        load_contract("shop", tmp_path)
    with pytest.raises(ContractError, match=r"_shop__sources.yml is not valid YAML: .*line 1"):
        load_contract("shop", write(tmp_path, "sources: [a: b: c"))
    with pytest.raises(ContractError, match=r"_shop__sources.yml: .*sources"):
        load_contract("shop", write(tmp_path, "version: 2"))


def test_the_hash_changes_with_what_changes_the_landing_and_with_nothing_else(tmp_path: Path) -> None:
    def hash_of(document: dict[str, Any]) -> str:
        return load_contract("shop", write(tmp_path, document)).table("orders").contract_hash

    same = hash_of(DOCUMENT)
    for path, value in (
        (f"{ORDERS}/description", "Other words."),
        (f"{ORDERS}/columns/0/description", "Other words."),
        (f"{ORDERS}/columns/3/config/meta/pii", "direct"),
        (f"{META}/key", []),
        (f"{META}/file", ["a.csv", "b.csv"]),
        ("config/meta/owner", "other@shop.example"),
    ):
        assert hash_of(changed(path, value)) == same, path
    for path, value in (
        ("config/meta/time_zone", "Europe/London"),
        (f"{META}/csv/delimiter", ","),
        (f"{META}/event_time", "changed_at"),
        (f"{ORDERS}/columns/0/data_type", "integer"),
        (f"{ORDERS}/columns/0/config/meta/required", False),
        (f"{ORDERS}/columns/2/config/meta/format", "%Y%m%d"),
    ):
        assert hash_of(changed(path, value)) != same, path


def test_every_contract_of_the_repository_is_well_formed() -> None:
    contracts = load_contracts(known_systems())
    assert set(DEMO_SYSTEMS) <= set(contracts)
    for contract in contracts.values():
        for table in contract.tables:
            assert table.columns, table.relation_name
            assert all(column.description for column in table.columns)
    zendesk = contracts["zendesk"].table("users")
    assert {column.name for column in zendesk.columns if column.pii == "direct"} >= {"name", "email", "phone"}
