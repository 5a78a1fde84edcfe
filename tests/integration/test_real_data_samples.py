"""The two real systems on invented lines in their notations: runs everywhere, also where the data sets are absent.

The files are a few lines each, made up, in every notation the contracts declare. Staging is built from them with its
tests and its dbt unit tests; tables without a file are empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines import warehouse
from pipelines.contract import load_contracts
from pipelines.defs import dbt_runner
from pipelines.ingest.landing import land
from pipelines.ingest.raw import register_raw
from pipelines.settings import Settings, load_settings

SAMPLES = {
    "maven/AdventureWorks_Customers.csv": (
        "CustomerKey,Prefix,FirstName,LastName,BirthDate,MaritalStatus,Gender,EmailAddress,AnnualIncome,TotalChildren,"
        "EducationLevel,Occupation,HomeOwner\n"
        '1,MRS.,ZOÉ,TESTER,4/9/1966,M,F,zoé1@example.org,"$90,000 ",2,Bachelors,Professional,Y\n'
        '2,,SAM,SAMPLE,12/23/1945,S,NA,sam2@example.org,"$10,000 ",0,High School,Manual,N\n'
    ),
    "maven/AdventureWorks_Sales_2016.csv": (
        "OrderDate,StockDate,OrderNumber,ProductKey,CustomerKey,TerritoryKey,OrderLineItem,OrderQuantity\n"
        "7/4/2016,1/1/2002,SO1,7,1,9,1,2\n"
        "7/4/2016,1/1/2002,SO1,8,1,9,2,1\n"
    ),
    "maven/AdventureWorks_Returns.csv": "ReturnDate,TerritoryKey,ProductKey,ReturnQuantity\n1/18/2017,9,7,1\n",
    "maven/AdventureWorks_Products.csv": (
        "ProductKey,ProductSubcategoryKey,ProductSKU,ProductName,ModelName,ProductDescription,ProductColor,ProductSize,"
        "ProductStyle,ProductCost,ProductPrice\n"
        '7,31,H-1,"Helmet, plain",Helmet,"Fits, mostly.",NA,0,0,3.5,10.25\n'
        "8,31,H-2,Helmet blue,Helmet,Fits.,Blue,0,0,3.5,20\n"
    ),
    "maven/AdventureWorks_Product_Subcategories.csv": (
        "ProductSubcategoryKey,SubcategoryName,ProductCategoryKey\n31,Helmets,4\n"
    ),
    "maven/AdventureWorks_Product_Categories.csv": "ProductCategoryKey,CategoryName\n4,Accessories\n",
    "maven/AdventureWorks_Territories.csv": (
        "SalesTerritoryKey,Region,Country,Continent\n9,Australia,Australia,Pacific\n"
    ),
    "oltp/EmailAddress.csv": (
        "10+|1+|zoé1@example.org+|AAAA+|2020-01-07 00:00:00.000&|\n"
        "11+|2+|store@example.org+|BBBB+|2020-01-07 00:00:00.000&|\n"
    ),
    "oltp/PersonPhone.csv": "10+|1 (11) 500 555-0100+|1+|2020-01-07 00:00:00.000&|\n",
    "oltp/Customer.csv": (
        "1\t10\t\t9\tAW00000001\tAAAA\t2020-01-07 00:00:00.000\n"
        "2\t\t292\t9\tAW00000002\tBBBB\t2020-01-07 00:00:00.000\n"
        "3\t11\t292\t9\tAW00000003\tCCCC\t2020-01-07 00:00:00.000\n"
    ),
    "oltp/Store.csv": (
        '292+|Next "Best" Bikes+|279+|<StoreSurvey><A>1</A></StoreSurvey>+|A+|2020-01-07 00:00:00.000&|\n'
    ),
    "dw/DimReseller.csv": (
        "1|5|AW00000002|555-0100|Warehouse|Next Best Bikes|12|S|5|2011|2013|Road|1 Way||300000.0000|Bank|||"
        "30000.0000|1974\n"
    ),
    "dw/FactSurveyResponse.csv": "1|20120309|1|4|Accessories|31|Helmets|2012-03-09 00:00:00.000\n",
    "by-day/2011-07-28.csv": (
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        '561528,22984,"CARD, GINGHAM ",12,2011-07-28 08:55:00,0.42,13098.0,United Kingdom\n'
        '561528,22984,"CARD, GINGHAM ",12,2011-07-28 08:55:00,0.42,13098.0,United Kingdom\n'
        "C561529,22984,CARD,-2,2011-07-28 09:00:00,0.42,13098.0,United Kingdom\n"
        "561530,22984,damaged,-5,2011-07-28 09:10:00,0.0,,United Kingdom\n"
    ),
}


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Both systems, landed from the samples and built up to staging with every test."""
    settings = load_settings(
        {
            "JOURNEYLINE_SOURCES": "adventureworks,online_retail",
            "JOURNEYLINE_HOME": str(tmp_path_factory.mktemp("samples")),
            "JOURNEYLINE_ENV": "test",
        }
    )
    for name, text in SAMPLES.items():
        path: Path = settings.landing_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    report = land(settings)
    assert not report.rejected
    assert not report.unmatched
    assert sum(table.rows_quarantined for table in report.tables) == 0
    with warehouse.connect(settings, read_only=False) as con:
        register_raw(con, settings, load_contracts(settings.systems))
    # Seeds first: a unit test that fills a seed's place reads its column types from the warehouse.
    dbt_runner.ensure_manifest(settings)
    dbt_runner.build(settings, ["path:seeds"])
    staging = ["path:models/staging"]
    results = [*dbt_runner.build(settings, staging), *dbt_runner.unit_test(settings, staging)]
    assert {result.resource_type for result in results} == {"model", "test", "unit_test"}
    bad = [f"{result.name}: {result.message}" for result in results if result.status not in ("success", "pass")]
    assert not bad, "\n".join(bad)
    return settings


def rows(settings: Settings, query: str) -> Sequence[tuple[Any, ...]]:
    with warehouse.connect(settings) as con:
        return con.execute(query).fetchall()


def test_a_comma_file_with_money_month_first_and_missing_values(staged: Settings) -> None:
    found = rows(
        staged,
        "select customer_key, first_name, birth_date, gender, annual_income"
        " from raw.adventureworks__customers order by 1",
    )
    assert found == [
        (1, "ZOÉ", date(1966, 4, 9), "F", Decimal("90000.0000")),
        (2, "SAM", date(1945, 12, 23), None, Decimal("10000.0000")),
    ]


def test_orders_are_built_from_lines_at_the_shop_s_midnight(staged: Settings) -> None:
    assert rows(
        staged,
        "select order_ref, node_id, cast(ordered_at as varchar), region, total_amount"
        " from staging.stg_adventureworks__orders",
    ) == [("SO1", "adventureworks:customer:1", "2016-07-04 07:00:00", "Australia", Decimal("40.5000"))]
    assert rows(staged, "select refund_ref, amount from staging.stg_adventureworks__refunds") == [
        ("2017-01-18/9/7", Decimal("10.2500"))
    ]


def test_the_mark_at_the_line_end_and_the_separators_leave_no_trace(staged: Settings) -> None:
    emails = rows(
        staged, "select email_address, cast(modified_at as varchar) from raw.adventureworks__email_addresses order by 1"
    )
    assert emails == [
        ("store@example.org", "2020-01-07 08:00:00"),
        ("zoé1@example.org", "2020-01-07 08:00:00"),
    ]
    assert rows(staged, "select name from raw.adventureworks__stores") == [('Next "Best" Bikes',)]
    assert rows(staged, "select store_id from raw.adventureworks__oltp_customers where customer_id = 1") == [(None,)]


def test_reseller_store_and_contact_are_one_account(staged: Settings) -> None:
    assert rows(staged, "select account_ref, name, n_employees from staging.stg_adventureworks__accounts") == [
        ("adventureworks:AW00000002", "Next Best Bikes", 12)
    ]
    assert rows(
        staged, "select email, is_business from staging.stg_adventureworks__profiles where account_ref is not null"
    ) == [("store@example.org", True)]


def test_both_exports_show_the_same_e_mail_and_phones_identify_nobody(staged: Settings) -> None:
    found = rows(
        staged,
        "select identifier_type, raw_value, count(*) from staging.stg_adventureworks__identifiers"
        " group by all order by all",
    )
    assert found == [
        ("adventureworks_customer", "1", 2),
        ("adventureworks_customer", "2", 1),
        ("email", "sam2@example.org", 1),
        ("email", "store@example.org", 1),
        ("email", "zoé1@example.org", 2),
    ]


def test_identical_lines_of_a_file_without_a_key_both_count(staged: Settings) -> None:
    assert rows(staged, "select total_amount, cast(ordered_at as varchar) from staging.stg_online_retail__orders") == [
        # London is an hour ahead of UTC in July.
        (Decimal("10.0800"), "2011-07-28 07:55:00")
    ]
    assert rows(staged, "select quantity, amount, reason from staging.stg_online_retail__refunds") == [
        (2, Decimal("0.8400"), "cancellation")
    ]
    assert rows(staged, "select name, product_line from staging.stg_online_retail__products") == [("CARD", "Gifts")]
