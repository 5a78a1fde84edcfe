"""The public contract: what the real one holds, and what none may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.analytics.tables import TABLES
from pipelines.publish.contract import CONTRACT_PATH, ContractError, load_contract
from pipelines.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "dbt_project" / "models"

TINY_MODEL = {
    "models": [
        {
            "name": "dim_people",
            "description": "One row per person.",
            "columns": [
                {"name": "person_id", "description": "Person.", "data_type": "varchar"},
                {
                    "name": "email",
                    "data_type": "varchar",
                    "config": {"meta": {"pii": "direct"}},
                    "description": "E-mail.",
                },
                {"name": "note", "data_type": "varchar", "config": {"meta": {"pii": "text"}}, "description": "Note."},
                {
                    "name": "age_band",
                    "data_type": "varchar",
                    "config": {"meta": {"pii": "quasi"}},
                    "description": "Age.",
                },
                {"name": "n_orders", "description": "Orders.", "data_type": "bigint"},
            ],
        }
    ]
}


def load_tiny(tmp_path: Path, columns: dict[str, Any], **table: Any) -> Any:
    (tmp_path / "dim_people.yml").write_text(yaml.safe_dump(TINY_MODEL), "utf-8")
    document = {
        "purposes": {"person": "core.dim_people.person_id"},
        "tables": {"people": {"source": "core.dim_people", "columns": columns, **table}},
    }
    path = tmp_path / "contract.yml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return load_contract(tmp_path, path).table("people")


def test_a_column_takes_its_words_from_where_it_is_documented(tmp_path: Path) -> None:
    table = load_tiny(tmp_path, {"person_id": {"pseudonym": "person"}, "n_orders": None})
    assert table.grain == "One row per person."
    assert [column.description for column in table.columns] == ["Person, by pseudonym.", "Orders."]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"email": None}, "email is tagged direct"),
        ({"note": None}, "note is tagged text"),
        ({"contact": {"from": "email", "because": "renamed"}}, "email is tagged direct"),
        ({"has_note": {"sql": "note is not null", "description": "Has one."}}, "note is tagged text"),
        ({"age_band": None}, "age_band is tagged quasi"),
        ({"age": {"sql": "upper(age_band)", "description": "Age."}}, "age_band is tagged quasi"),
        ({"person_id": None}, "needs a pseudonym"),
        ({"person_ref": {"from": "person_id"}}, "needs a pseudonym"),
        ({"person_id": {"pseudonym": "nobody"}}, "purpose nobody"),
        ({"shoe_size": None}, "no column shoe_size"),
        ({"n_orders": {"hidden": True}}, "unknown key hidden"),
    ],
)
def test_a_column_that_would_tell_too_much_is_refused(tmp_path: Path, columns: dict[str, Any], words: str) -> None:
    with pytest.raises(ContractError, match="people") as caught:
        load_tiny(tmp_path, columns)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "columns",
    [
        {"email_key": {"from": "email", "pseudonym": "person"}},
        {"has_note": {"sql": "note is not null", "description": "Has one.", "because": "Only whether."}},
        {"age_band": {"because": "A band."}},
    ],
)
def test_a_safe_form_with_a_reason_is_taken(tmp_path: Path, columns: dict[str, Any]) -> None:
    assert [column.name for column in load_tiny(tmp_path, columns).columns] == list(columns)


def test_key_and_bands_must_be_published(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="person_id is named but not published"):
        load_tiny(tmp_path, {"n_orders": None}, key=["person_id"])


def test_a_source_nobody_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="documented nowhere"):
        load_tiny(tmp_path, {"n_orders": None}, source="core.dim_ghosts")


def test_the_real_contract_publishes_every_declared_analytics_table_whole() -> None:
    contract = load_contract(MODELS)
    published = {table.name: table for table in contract.tables if table.is_stamped}
    assert set(published) == set(TABLES)
    for name, table in published.items():
        assert [column.name for column in table.columns] == [
            c for c in TABLES[name].schema if c not in ("as_of", "run_id")
        ]


def test_every_id_of_a_person_is_a_pseudonym_of_the_same_purpose_everywhere() -> None:
    purposes = {
        (column.name, column.purpose)
        for table in load_contract(MODELS).tables
        for column in table.columns
        if column.name in ("customer_id", "order_id", "ticket_id", "account_id", "device_ref", "cart_ref")
    }
    assert purposes == {
        ("customer_id", "customer"),
        ("order_id", "order"),
        ("ticket_id", "ticket"),
        ("account_id", "account"),
        ("device_ref", "device"),
        ("cart_ref", "cart_token"),
    }


def test_every_published_column_is_described() -> None:
    bare = [
        f"{table.name}.{column.name}"
        for table in load_contract(MODELS).tables
        for column in table.columns
        if len(column.description.strip()) < 3
    ]
    assert bare == []


def test_a_purpose_is_used() -> None:
    used = {column.purpose for table in load_contract(MODELS).tables for column in table.columns}
    assert set(yaml.safe_load(CONTRACT_PATH.read_text("utf-8"))["purposes"]) <= used
