"""The golden record end to end on a few people: any order of rows gives the same, every law catches what breaks it."""

from __future__ import annotations

import random

import pytest
from core_kit import TICKETS, House, Row, assert_same_rows, new_house

from pipelines.defs import dbt_runner

TABLES = (
    *("customer_names", "customer_emails", "customer_phones", "customer_addresses", "customer_demographics"),
    *("customer_consents", "bridge_customer_households", "bridge_customer_accounts", "bridge_device_owners"),
    *("customer_spend", "customer_contact_times", "customer_last_scores"),
    *("dim_customers", "dim_households", "dim_accounts"),
)
FACTS = (
    *("dim_products", "dim_fx_rates", "fct_refunds", "fct_order_lines", "fct_orders"),
    *(*TICKETS, "fct_events", "fct_sessions"),
    *("path:models/marts/journey/carts", "fct_carts", "fct_feedback", "fct_survey_answers"),
)
"""What dim_customers counts, besides."""

HOME = {
    "address_line": "Lindenstraße 12",
    "city": "Ulm",
    "postal_code": "89073",
    "country_code": "DE",
    "region": "North",
}
SAME_HOME = {
    "address_line": "lindenstr. 12",
    "city": "ULM ",
    "postal_code": "89 073",
    "country_code": "DE",
    "region": "North",
}

PROFILES: tuple[Row, ...] = (
    {
        "node_id": "shopify:customer:1",
        "system": "shopify",
        "profile_kind": "customer",
        "is_email_verified": True,
        "first_name": "Anna",
        "last_name": "Vogel",
        "email": "Anna@post.example",
        "updated_at": "2026-01-01",
        **HOME,
    },
    {
        "node_id": "hubspot:contact:1",
        "system": "hubspot",
        "profile_kind": "contact",
        "birth_date": "1990-05-06",
        "first_name": "Anna",
        "last_name": "Amsel",
        "email": "anna@firm.example",
        "updated_at": "2026-02-01",
        "address_line": "Ring 1",
        "city": "Wien",
        "postal_code": "1010",
        "country_code": "AT",
        "region": "East",
        "account_ref": "hubspot:9",
    },
    {
        "node_id": "zendesk:user:1",
        "system": "zendesk",
        "profile_kind": "user",
        "full_name": "Vogel, Anna",
        "email": "anna@post.example",
        "updated_at": "2026-02-03",
        "language": "de",
    },
    {
        "node_id": "shopify:customer:2",
        "system": "shopify",
        "profile_kind": "customer",
        "company_name": "Nord GmbH",
        "first_name": "Emil",
        "last_name": "Vogle",
        "email": "emil@post.example",
        **SAME_HOME,
    },
    {"node_id": "ga4:login:1", "system": "ga4", "profile_kind": "login", "country_code": "GB", "region": "West"},
)
CUSTOMERS = {
    **dict.fromkeys(("shopify:customer:1", "hubspot:contact:1", "zendesk:user:1", "ga4:login:1"), "c_anna"),
    "shopify:customer:2": "c_emil",
}
CONSENTS: tuple[Row, ...] = tuple(
    {"node_id": node, "system": node.split(":")[0], "purpose": "marketing", "channel": "email", **said}
    for node, said in (
        ("shopify:customer:1", {"is_granted": True, "recorded_at": "2026-01-02"}),
        ("hubspot:contact:1", {"is_granted": True, "recorded_at": "2025-01-01"}),
        ("hubspot:contact:1", {"is_granted": False, "recorded_at": "2025-06-01"}),
        ("shopify:customer:2", {"is_granted": True, "recorded_at": "2026-01-02"}),
    )
)


def company(house: House, *, seed: int) -> None:
    """The same few people, their rows in an order of their own."""
    order = random.Random(seed)

    def mixed(rows: tuple[Row, ...]) -> list[Row]:
        return order.sample(rows, len(rows))

    profiles = [{"profile_ref": row["node_id"].split(":", 2)[2], **row} for row in mixed(PROFILES)]
    house.insert("profiles", *profiles)
    emails = [
        {"node_id": row["node_id"], "system": row["system"], "identifier_type": "email", "raw_value": row["email"]}
        for row in mixed(PROFILES)
        if "email" in row
    ]
    house.insert("identifiers", *emails)
    house.insert("consents", *mixed(CONSENTS))
    house.insert(
        "accounts", {"account_ref": "hubspot:9", "system": "hubspot", "name": "Nord", "domain": "nord.example"}
    )
    house.insert(
        "web_events",
        {
            "system": "ga4",
            "event_ref": "1",
            "node_id": "ga4:login:1",
            "device_ref": "d",
            "event_name": "login",
            "event_at": "2026-02-01 10:00:00",
            "event_date": "2026-02-01",
        },
    )
    house.build("int_identity__*,resource_type:model")
    house.map_nodes(dict(order.sample(list(CUSTOMERS.items()), len(CUSTOMERS))))
    house.build(*FACTS, *TABLES)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = new_house(tmp_path_factory, "golden")
    company(house, seed=1)
    return house


def test_the_customer_shows_the_survivors_of_the_child_tables(house: House) -> None:
    assert house.rows(
        "select full_name, email, city, country_code, region, language, cast(birth_date as varchar), account_id, "
        "household_id is not null, has_email_marketing_consent from core.dim_customers order by customer_id"
    ) == [
        ("Anna Vogel", "anna@post.example", "Ulm", "DE", "North", "de", "1990-05-06", "hubspot:9", True, False),
        ("Emil Vogle", "emil@post.example", "ULM ", "DE", "North", None, None, "hubspot:9", True, True),
    ]
    assert house.rows(
        "select has_name_conflict, has_country_conflict, has_consent_conflict, has_birth_date_conflict,"
        " has_gender_conflict from core.dim_customers order by customer_id"
    ) == [(True, True, True, False, False), (False, False, False, False, False)]


def test_losing_values_are_kept_with_their_rank_and_source(house: House) -> None:
    assert house.rows(
        "select name_key, survivor_rank, systems, n_source_records, is_conflict from core.customer_names"
        " where customer_id = 'c_anna' order by survivor_rank"
    ) == [("anna vogel", 1, "shopify,zendesk", 2, False), ("amsel anna", 2, "hubspot", 1, True)]
    assert house.rows(
        "select email, email_raw, survivor_rank, systems, is_verified from core.customer_emails"
        " where customer_id = 'c_anna' order by survivor_rank"
    ) == [
        ("anna@post.example", "Anna@post.example", 1, "shopify,zendesk", True),
        ("anna@firm.example", "anna@firm.example", 2, "hubspot", False),
    ]
    assert house.rows(
        "select is_granted, decided_by_node_id, n_source_records from core.customer_consents"
        " where customer_id = 'c_anna'"
    ) == [(False, "hubspot:contact:1", 2)]


def test_two_spellings_of_one_home_are_one_household_of_two_persons(house: House) -> None:
    assert house.rows("select surname, n_members from core.dim_households") == [("vogel", 2)]


def test_the_order_of_rows_changes_nothing(house: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = new_house(tmp_path_factory, "golden-shuffled")
    company(other, seed=2)
    for table in TABLES:
        assert_same_rows(house.frame(f"core.{table}"), other.frame(f"core.{table}"))


TWO_OWNERS = """
    insert into core.bridge_device_owners
    select device_ref, 'c_emil', valid_from + interval 1 day, null, login_at, 1 from core.bridge_device_owners
"""


@pytest.mark.parametrize(
    ("damage", "law"),
    [
        (
            "update core.dim_customers set has_email_marketing_consent = true where customer_id = 'c_anna'",
            "assert_a_merge_widens_no_consent",
        ),
        ("update core.customer_names set survivor_rank = 1", "one_survivor_per_customer_names_customer_id"),
        (
            "update core.customer_emails set survivor_rank = survivor_rank + 1",
            "one_survivor_per_customer_emails_customer_id",
        ),
        (
            "delete from seeds.survivorship_priorities where profile_kind = 'login'",
            "assert_every_kind_of_record_has_a_survivorship_priority",
        ),
        (
            "delete from core.bridge_customer_households where customer_id = 'c_emil'",
            "assert_households_have_two_members",
        ),
        (
            TWO_OWNERS,
            "assert_a_device_has_one_owner_at_a_time",
        ),
    ],
    ids=["widened consent", "two survivors", "no survivor", "untrusted kind", "household of one", "two owners"],
)
def test_every_law_catches_what_breaks_it(house: House, damage: str, law: str) -> None:
    assert [result.status for result in dbt_runner.build(house.settings, [law])] == ["pass"]
    house.execute(damage)
    assert [result.status for result in dbt_runner.build(house.settings, [law])] == ["fail"]
