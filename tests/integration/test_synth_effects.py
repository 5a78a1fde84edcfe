"""The planted effects (pipelines/synth/effects.py) as the landed exports show them."""

from __future__ import annotations

import math

import pytest
from synth_kit import Company, company

from pipelines.analytics import stats
from pipelines.synth import effects


@pytest.fixture(scope="module")
def made() -> Company:
    return company()


def test_shipping_reveal_by_need(made: Company) -> None:
    found = made.con.execute(
        """
        select need, count(*) filter (exposed and lost), count(*) filter (exposed and not lost),
            count(*) filter (not exposed and lost), count(*) filter (not exposed and not lost)
        from (
            select need, c.fee >= 0.08 * c.cart_value as exposed, not bought or came_back as lost
            from seen_carts as c join truth__carts using (cart_token)
            where saw_fee
        )
        group by need
        """,
    ).fetchall()
    assert {need for need, *_ in found} == set(effects.SHIPPING_RR)
    for need, *counts in found:
        assert _off(stats.two_by_two(*counts).risk_ratio, effects.SHIPPING_RR[need]) < 3, need
    price = next(counts for need, *counts in found if need == "price")
    assert stats.two_by_two(*price).risk_ratio.lo > 1.1


def _off(ratio: stats.Interval, truth: float) -> float:
    """Distance of a ratio from the truth, in standard errors of its logarithm."""
    error = math.log(float(ratio.hi) / float(ratio.lo)) / (2 * stats.Z95)
    return abs(math.log(float(ratio.value) / truth)) / error


def test_north_loses_checkouts_and_south_asks_twice(made: Company) -> None:
    lost = made.by("select region, 1 - avg(bought::int) from seen_carts where began group by region")
    n = made.by("select region, count(*) from seen_carts where began group by region")
    rest = [region for region in lost if region != "North"]
    mean = sum(lost[region] * n[region] for region in rest) / sum(n[region] for region in rest)
    error = (0.25 / n["North"] + 0.25 / sum(n[region] for region in rest)) ** 0.5
    assert lost["North"] - mean == pytest.approx(effects.NORTH_CHECKOUT_DROP, abs=3 * error)
    assert lost["North"] - mean > 2 * error
    for region in rest:
        assert lost[region] == pytest.approx(mean, abs=3 * (0.25 / n[region]) ** 0.5), region
    asked = made.by(
        """
            with bought as (
                select shipping_address->>'country_code' as country, count(*) as n from shopify__orders group by all
                union all
                select country_code, count(distinct receipt_no)
                from pos__receipts join pos__stores using (store_id) where receipt_type = 'sale' group by all
            ),
            tickets as (
                select s.country_code as country, count(*) as n
                from zendesk__tickets
                join (select distinct country_code, region from pos__stores) as s
                    on tags like '%region_' || lower(s.region) || '%'
                group by all
            )
            select country, any_value(t.n) / sum(b.n)
            from bought as b join tickets as t using (country) group by country
            """
    )
    others = [asked[country] for country in ("DE", "GB", "AT", "CH")]
    assert asked["ES"] / (sum(others) / 4) == pytest.approx(effects.SOUTH_CONTACT_RATIO, abs=0.2)
    assert max(others) / min(others) < 1.25


def _index(made: Company, by: str) -> dict[tuple[str, str], float]:
    found = made.con.execute(
        f"""
        select {by}, year(recorded_date) || 'Q' || quarter(recorded_date),
            avg(100.0 * (sat_overall + sat_expectancy + sat_ideal - 3) / 27)
        from qualtrics__responses where is_customer group by all
        """
    ).fetchall()
    return {(name, quarter): value for name, quarter, value in found}


def test_satisfaction_moves_as_planted(made: Company) -> None:
    division, line = _index(made, "division"), _index(made, "product_line")
    assert division["Home", "2026Q2"] == pytest.approx(70, abs=0.8)
    assert division["Home", "2026Q3"] == pytest.approx(74, abs=0.8)
    assert division["Table", "2026Q3"] - division["Table", "2026Q2"] == pytest.approx(1, abs=0.8)
    for name in ("Garden", "Balcony"):
        assert abs(line[name, "2026Q3"] - line[name, "2026Q2"]) < 1.5
    assert division["Outdoor", "2026Q3"] - division["Outdoor", "2026Q2"] == pytest.approx(-4.9, abs=1.2)


def test_the_small_cell_has_nine_complete_answers(made: Company) -> None:
    cell = "is_customer and region = 'Alpine' and recorded_date < timestamp '2025-01-01'"
    assert made.one(f"select count(*) from qualtrics__responses where {cell}") == 9
    assert made.one(f"select count(*) from qualtrics__responses where {cell} and finished and nps is not null") == 9


def test_a_point_of_satisfaction_is_worth_its_spend_and_the_placebo_nothing(made: Company) -> None:
    panel = """
        select spend_local as spend, lag(index) over w as before, lead(index) over w - index as change
        from truth__person_quarters window w as (partition by person_id order by quarter)
    """
    slope = made.one(f"select regr_slope(ln(spend), before) from ({panel}) where spend > 0 and before is not null")
    placebo = made.one(f"select regr_slope(ln(spend), change) from ({panel}) where spend > 0 and change is not null")
    assert slope == pytest.approx(effects.SPEND_PER_POINT, abs=0.003)
    assert abs(placebo) < 0.003


def test_webroomers_looked_before_they_bought_and_others_did_only_by_chance(made: Company) -> None:
    found = made.rows(
        """
        with looks as (
            select distinct user_id, event_timestamp as at, i.item_category as product_line
            from ga4__events, unnest(items) as u(i) where event_name = 'view_item' and user_id is not null
        ),
        bought as (
            select j.*, (6100000000000 + 37 * person_id)::varchar as user_id
            from truth__journeys as j join truth__persons as p using (person_id)
            where channel = 'store' and p.has_account
        ),
        flagged as (
            select b.webroomed, exists (
                select 1 from looks as l where l.user_id = b.user_id and l.product_line = b.product_line
                and l.at between b.started_at - interval 21 day and b.started_at
            ) as looked
            from bought as b
        )
        select webroomed, avg(looked::int), count(*) from flagged group by all order by all
        """,
    )
    (_, chance, _), (_, planted, n) = found
    assert n > 200
    assert planted > 0.9
    assert chance < 0.15
    assert made.one("select avg(webroomer::int) from truth__persons") == pytest.approx(
        effects.WEBROOMER_SHARE, abs=0.001
    )
    assert made.one("select avg(showroomer::int) from truth__persons") == pytest.approx(
        effects.SHOWROOMER_SHARE, abs=0.001
    )


def test_showroomers_scanned_before_they_ordered(made: Company) -> None:
    share = made.one(
        """
        with scans as (
            select n.person_id, visited_at as at, product_line
            from pos__visits join truth__nodes as n
                on n.node_id = coalesce('pos:loyalty:' || loyalty_card, 'ga4:device:' || device_id)
            where kind = 'scan'
        )
        select avg(exists (
            select 1 from scans as s where s.person_id = j.person_id and s.product_line = j.product_line
            and s.at between j.started_at - interval 12 day and j.started_at
        )::int)
        from truth__journeys as j where showroomed and started_at > timestamp '2024-11-15'
        """,
    )
    assert share > 0.95


def test_one_tablet_has_two_hundred_logins(made: Company) -> None:
    logins = made.rows(
        "select user_pseudo_id, count(distinct user_id) as n from ga4__events group by 1 order by n desc limit 2"
    )
    assert logins[0][1] == effects.KIOSK_LOGINS
    assert logins[1][1] <= 3
    role = made.rows(f"select role from truth__nodes where node_id = 'ga4:device:{logins[0][0]}'")
    assert role == [("kiosk",)]


def test_every_record_of_a_person_has_its_person_in_the_truth(made: Company) -> None:
    nodes = {
        "shopify:customer:": "select id from shopify__customers",
        "shopify:order:": "select id from shopify__orders where customer is null",
        "zendesk:user:": "select id from zendesk__users where role = 'end-user'",
        "hubspot:contact:": "select hs_object_id from hubspot__contacts",
        "ga4:device:": "select distinct user_pseudo_id from ga4__events",
        "ga4:login:": "select distinct user_id from ga4__events where user_id is not null",
        "klaviyo:profile:": "select distinct profile_id from klaviyo__sends",
        "trustpilot:review:": "select review_id from trustpilot__product_reviews",
        "qualtrics:response:": "select response_id from qualtrics__responses",
        "pos:loyalty:": "select loyalty_card from pos__receipts where loyalty_card is not null",
        "pos:receipt:": "select receipt_no from pos__receipts where loyalty_card is null and customer_phone <> ''",
        "pos:staff:": "select staff_id from pos__staff",
    }
    for prefix, sql in nodes.items():
        lost = made.one(
            f"select count(*) from ({sql}) as x(ref) where '{prefix}' || ref not in (select node_id from truth__nodes)",
        )
        assert lost == 0, prefix
    assert made.one("select count(*) - count(distinct node_id) from truth__nodes") == 0
    assert made.one("select count(*) from truth__nodes where role = 'person' and person_id is null") == 0


def test_identifiers_are_dirty_in_the_planted_ways(made: Company) -> None:
    assert made.one("select count(*) from zendesk__users where phone = '000000'") > 5
    own = made.one("select count(*) from pos__receipts where customer_phone in (select phone from pos__stores)")
    assert own > 10
    shared = made.one(
        "select count(*) from (select lower(email) from shopify__customers group by 1 having count(*) > 1)"
    )
    assert shared > 20
    assert made.one("select count(*) from hubspot__contacts where hs_merged_object_ids is not null") > 30
    assert made.one("select count(*) from shopify__customers where email <> lower(email)") > 50
    notations = made.rows(
        "select distinct regexp_replace(phone, '[0-9]+', '9', 'g') from shopify__customers where phone is not null"
    )
    assert len(notations) >= 5


def test_texts_are_in_the_language_of_the_truth_and_german_has_war(made: Company) -> None:
    german = made.one(
        """
        select count(*) from trustpilot__product_reviews as r
        join truth__texts as t on t.text_id = 'trustpilot:' || r.review_id
        where t.language = 'de' and r.text like '% war %'
        """,
    )
    assert german > 5
    wrong = made.one(
        """
        select avg((r.language is distinct from t.language)::int)
        from trustpilot__product_reviews as r
        join truth__texts as t on t.text_id = 'trustpilot:' || r.review_id
        """,
    )
    assert 0.03 < wrong < 0.2
    assert made.one("select count(*) from zendesk__tickets where description like '%@%.example%'") > 5


def test_non_customers_value_design_one_point_more(made: Company) -> None:
    gap = {
        item: made.one(
            f"""
            select
                avg(importance_{item}) filter (where not is_customer)
                - avg(importance_{item}) filter (where is_customer)
            from qualtrics__responses
            """,
        )
        for item in ("design", "price", "convenience", "quality", "service")
    }
    assert gap.pop("design") == pytest.approx(effects.NON_CUSTOMER_DESIGN, abs=0.35)
    assert all(abs(value) < 0.4 for value in gap.values())


def test_ratings_fall_in_the_week_after_an_outage(made: Company) -> None:
    """From the exports alone: the roster's downtime of the team's last week against the ratings of this one."""
    found = made.rows(
        """
        with down as (
            select group_id, week_start + 7 as week, avg(tool_downtime_minutes) > 60 as after_outage
            from zendesk__agents group by group_id, week_start
        )
        select after_outage, avg((r.score = 'good')::int)
        from zendesk__satisfaction_ratings as r
        join zendesk__tickets as t on t.id = r.ticket_id
        join down as d on d.group_id = t.group_id
            and d.week = date_trunc('week', t.created_at at time zone 'UTC' at time zone 'Europe/Berlin')::date
        where r.score <> 'offered' group by after_outage order by after_outage
        """,
    )
    (_, quiet), (_, after) = found
    assert quiet - after == pytest.approx(effects.OUTAGE_RATING_DROP, abs=0.08)


def test_null_dimensions_do_nothing_to_abandonment(made: Company) -> None:
    for dimension in ("browser", "dayofweek(first_at)"):
        found = made.rows(
            f"select {dimension}, avg(bought::int), count(*) from seen_carts group by 1 having count(*) > 150"
        )
        mean = made.one("select avg(bought::int) from seen_carts")
        assert len(found) >= 3
        for _, rate, n in found:
            assert abs(rate - mean) < 4 * (mean * (1 - mean) / n) ** 0.5, dimension


def test_sofa_needs_and_paths(made: Company) -> None:
    for kind, needs in effects.SOFA_NEEDS.items():
        share = made.one(
            f"select avg((need in {(*needs, '')})::int) from truth__persons where sofa_fan and kind = '{kind}'",
        )
        assert share >= effects.SOFA_NEED_SHARE - 0.05, kind
    drafts = made.by(
        """
            select p.kind, avg((o.source_name = 'shopify_draft_order')::int)
            from shopify__orders as o
            join truth__persons as p on (o.customer->>'id')::bigint = 6100000000000 + 37 * p.person_id
            group by 1
            """
    )
    assert drafts["corporate"] > 0.15
    assert drafts["family"] == drafts["childless"] == 0
