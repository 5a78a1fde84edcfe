"""Identity end to end on small evidence: what links, what must not, and phones against libphonenumber."""

from __future__ import annotations

import phonenumbers
import pytest
from core_kit import House, Row, new_house

FAMILY = (
    "shopify:customer:1",
    "hubspot:contact:1",
    "shopify:customer:2",
    "hubspot:contact:2",
    "zendesk:user:1",
    "zendesk:user:2",
    "klaviyo:profile:1",
    "pos:loyalty:HM2",
)
HOME = ("DE", "GB", "ES", "AT", "CH", "FR", "IT", "NL", "BE", "PL", "SE", "US")


def profile(node: str, **values: object) -> Row:
    system, kind, ref = node.split(":", 2)
    return {"node_id": node, "system": system, "profile_kind": kind, "profile_ref": ref, **values}


def shows(node: str, identifier_type: str, raw_value: str, country_code: str | None = None) -> Row:
    system = node.split(":", maxsplit=1)[0]
    return {
        "node_id": node,
        "system": system,
        "identifier_type": identifier_type,
        "raw_value": raw_value,
        "country_code": country_code,
    }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = new_house(tmp_path_factory, "identity")
    names = {
        "shopify:customer:1": ("Anna", "Müller"),
        "hubspot:contact:1": ("ANNA", "Mueller"),
        "shopify:customer:2": ("Peter", "Müller"),
        "hubspot:contact:2": ("Petr", "Müller"),
        "hubspot:contact:3": ("Anna", "M."),
        "shopify:customer:3": ("Lena", "Alt"),
        "shopify:customer:4": ("Lena", "Alt"),
        "shopify:guest_order:8": ("Jonas", "Weit"),
        "shopify:customer:5": ("Kim", "Gast"),
        "shopify:customer:6": ("Ute", "Kiosk"),
        "shopify:customer:7": ("Max", "Kiosk"),
    }
    house.insert(
        "profiles",
        *[profile(node, first_name=first, last_name=last) for node, (first, last) in names.items()],
        profile("zendesk:user:1", full_name="Müller, Anna"),
        profile("zendesk:user:2", full_name="Müller Peter"),
        profile("klaviyo:profile:1", email="family@post.example"),
        profile("pos:loyalty:HM2"),
        profile("pos:receipt:1"),
        profile("pos:receipt:2"),
        profile("trustpilot:reviewer:1", full_name="Jonas W."),
        profile("trustpilot:reviewer:2", full_name="Somebody Else"),
        profile("ga4:login:5"),
        profile("ga4:device:d5"),
        profile("ga4:login:6"),
        profile("ga4:login:7"),
        profile("ga4:device:kiosk"),
        profile("ga4:device:guest"),
        *[profile(f"pos:receipt:crowd{i}") for i in range(201)],
    )
    house.insert(
        "identifiers",
        # The shop's own accounts.
        *[shows(f"shopify:customer:{i}", "shop_customer", str(i)) for i in range(1, 5)],
        # A household's e-mail: Anna's and Peter's records, and three records without a name.
        *[shows(node, "email", " Family@Post.Example ") for node in FAMILY],
        # Peter's own card is stronger evidence than the shared e-mail.
        shows("shopify:customer:2", "loyalty_card", "hm-2"),
        shows("pos:loyalty:HM2", "loyalty_card", "HM2"),
        # The CRM merged contact 3 into 1.
        shows("hubspot:contact:1", "crm_contact", "1"),
        shows("hubspot:contact:1", "crm_contact", "3"),
        shows("hubspot:contact:3", "crm_contact", "3"),
        # Two people of one given name on one landline, told apart by the shop's own ids.
        shows("shopify:customer:3", "phone", "030 1234 5670", "DE"),
        shows("shopify:customer:4", "phone", "+49 (0)30 12345670", "DE"),
        # Placeholders.
        shows("pos:receipt:1", "phone", "000000", "DE"),
        shows("pos:receipt:2", "phone", "000000", "DE"),
        shows("pos:receipt:1", "email", "guest@shop.example"),
        shows("pos:receipt:2", "email", "guest@shop.example"),
        shows("pos:receipt:1", "phone", "12", "DE"),
        *[shows(f"pos:receipt:crowd{i}", "email", "everybody@post.example") for i in range(201)],
        # A guest order, a review that names it, a review by another name, and the device that saw the confirmation.
        shows("trustpilot:reviewer:1", "order_name", "10008"),
        shows("trustpilot:reviewer:2", "order_name", "#10008"),
        # Own login on an own device; two logins on a kiosk.
        shows("shopify:customer:5", "shop_customer", "5"),
        shows("ga4:login:5", "shop_customer", "5"),
        shows("ga4:login:5", "device", "d5"),
        shows("ga4:device:d5", "device", "d5"),
        shows("ga4:login:6", "shop_customer", "6"),
        shows("ga4:login:7", "shop_customer", "7"),
        shows("shopify:customer:6", "shop_customer", "6"),
        shows("shopify:customer:7", "shop_customer", "7"),
        *[shows(node, "device", "kiosk") for node in ("ga4:login:6", "ga4:login:7", "ga4:device:kiosk")],
    )
    house.insert(
        "orders",
        {
            "system": "shopify",
            "order_ref": "8",
            "order_name": "#10008",
            "node_id": "shopify:guest_order:8",
            "ordered_at": "2026-01-01",
        },
        {
            "system": "shopify",
            "order_ref": "9",
            "order_name": "#10009",
            "node_id": "shopify:customer:7",
            "ordered_at": "2026-01-02",
        },
    )
    web = {"system": "ga4", "event_name": "purchase", "event_at": "2026-01-01", "event_date": "2026-01-01"}
    house.insert(
        "web_events",
        {**web, "event_ref": "w1", "node_id": "ga4:device:guest", "device_ref": "guest", "order_name": "#10008"},
        {**web, "event_ref": "w2", "node_id": "ga4:device:kiosk", "device_ref": "kiosk", "order_name": "#10009"},
    )
    phone_rows = list(phone_notations())
    house.insert("profiles", *[profile(f"phones:test:{i}") for i in range(len(phone_rows))])
    house.insert(
        "identifiers",
        *[shows(f"phones:test:{i}", "phone", raw, country) for i, (raw, country, _) in enumerate(phone_rows)],
    )
    house.resolve()
    return house


def phone_notations() -> list[tuple[str, str, str]]:
    """Example numbers of every country in the notations people write: raw text, country, E.164."""
    rows = []
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
            number = phonenumbers.example_number_for_type(country, kind)
            if number is None:
                continue
            e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
            world = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
            written = (e164, national, world, world.replace(" ", "-"), national + " ext. 12", "00" + e164[1:])
            rows += [(raw, country, e164) for raw in written if reads_as(raw, country) == e164]
    return rows


def reads_as(raw: str, country: str) -> str | None:
    """What libphonenumber makes of the notation; none where people of the country do not write it so."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(raw, country), phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        return None


def customer(house: House, node: str) -> str:
    return str(house.rows(f"select customer_id from identity.int_identity__map where node_id = '{node}'")[0][0])


def together(house: House, *nodes: str) -> bool:
    return len({customer(house, node) for node in nodes}) == 1


def test_a_household_on_one_email_stays_two_people(house: House) -> None:
    assert together(house, "shopify:customer:1", "hubspot:contact:1", "zendesk:user:1", "hubspot:contact:3")
    assert together(house, "shopify:customer:2", "hubspot:contact:2", "zendesk:user:2")
    assert not together(house, "shopify:customer:1", "shopify:customer:2")


def test_a_record_without_a_name_follows_its_card_before_the_shared_email(house: House) -> None:
    assert together(house, "pos:loyalty:HM2", "shopify:customer:2")
    # With nothing else it could be anybody's of the household: the link is told, not used.
    assert not together(house, "klaviyo:profile:1", "shopify:customer:1")
    assert house.rows(
        "select distinct rule, reason from identity.int_identity__skipped_links where node_id_a = 'klaviyo:profile:1' "
        "or node_id_b = 'klaviyo:profile:1'"
    ) == [("shared_email", "rule_disabled")]


def test_one_landline_does_not_merge_two_shop_customers(house: House) -> None:
    assert house.rows(
        "select distinct identifier_value from identity.int_identity__edges "
        "where rule = 'phone' and node_id_b like 'shopify:%'"
    ) == [("+493012345670",)]
    assert not together(house, "shopify:customer:3", "shopify:customer:4")


def test_placeholders_and_crowds_link_nobody_and_are_listed(house: House) -> None:
    assert not together(house, "pos:receipt:1", "pos:receipt:2")
    assert not together(house, "pos:receipt:crowd1", "pos:receipt:crowd2")
    reasons = house.rows(
        "select reason, identifier_type, count(*) from identity.int_identity__skipped "
        "where node_id not like 'phones:%' group by all order by all"
    )
    assert reasons == [
        ("blocked_value", "email", 2),
        ("blocked_value", "phone", 2),
        ("not_normalisable", "phone", 1),
        ("other_name", "order_name", 1),
        ("shared_device", "device", 3),
        ("shared_device", "order_name", 1),
        ("too_many_records", "email", 201),
    ]


def test_an_order_number_links_the_guest_but_nobody_of_another_name(house: House) -> None:
    assert together(house, "trustpilot:reviewer:1", "shopify:guest_order:8", "ga4:device:guest")
    assert not together(house, "trustpilot:reviewer:2", "shopify:guest_order:8")


def test_a_device_belongs_to_its_only_login_and_a_kiosk_to_nobody(house: House) -> None:
    assert together(house, "shopify:customer:5", "ga4:login:5", "ga4:device:d5")
    assert not together(house, "ga4:login:6", "ga4:login:7")
    assert not together(house, "ga4:device:kiosk", "shopify:customer:7")


def test_resolving_again_changes_nothing(house: House) -> None:
    before = house.frame("identity.int_identity__map").sort("node_id")
    stats = house.resolve()
    assert house.frame("identity.int_identity__map").sort("node_id").equals(before)
    assert (stats.n_merged, stats.n_split, stats.n_retired) == (0, 0, 0)


def test_phones_agree_with_libphonenumber(house: House) -> None:
    # The values before blocking: some example numbers are counted up and so placeholders to us.
    values = house.rows("select raw_value, country_code, identifier_value from identity.int_identity__values")
    found = {(raw, country): value for raw, country, value in values}
    notations = phone_notations()
    read = [found.get((raw, country)) for raw, country, _ in notations]
    wrong = [(*notation, value) for notation, value in zip(notations, read, strict=True) if value != notation[2]]
    assert [row for row in wrong if row[1] in HOME] == []
    # Some countries rewrite national numbers (Argentina's 9 and 15, Brazil's carriers): beyond a table of prefixes.
    assert len(wrong) / len(notations) < 0.02, wrong[:20]
