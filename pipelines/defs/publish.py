"""The published tables as assets: one step builds a version, proves it and makes it current, or keeps the old one.

Belongs here: mapping the outcome to materialisations and checks. Stays out: publishing (``pipelines.publish``).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.defs.catalogue import DAILY, owners
from pipelines.defs.checks import as_one_check
from pipelines.defs.resources import House
from pipelines.defs.run_settings import current_run
from pipelines.defs.showroom import SiteBuilder, site_checks, site_result, site_spec, stamp_current
from pipelines.publish import quality_table
from pipelines.publish.contract import Contract, load_contract
from pipelines.publish.publish import DATABASE, LAYER, PublishBlockedError, publish
from pipelines.publish.versions import CURRENT
from pipelines.quality.results import CheckResult, recorded
from pipelines.settings import Settings
from pipelines.warehouse import published

PUBLISHED_CHECK = "suite_and_probe"


def published_key(name: str) -> dg.AssetKey:
    """``published/<name>``."""
    return dg.AssetKey(["published", name])


def build_publish_assets(settings: Settings) -> dg.AssetsDefinition:
    """Every published table and the site made of them, all or none.

    A table's check holds the suite, the row counts and the probe for personal data.
    """
    contract = load_contract(settings.dbt_project_dir / "models")
    specs = _specs(contract)

    @dg.multi_asset(
        name="publish_version",
        specs=[*specs, site_spec(specs)],
        check_specs=[
            *site_checks(),
            *(
                dg.AssetCheckSpec(
                    PUBLISHED_CHECK,
                    asset=spec.key,
                    description="The suite of the table, its rows against its source, and the probe for personal data.",
                )
                for spec in specs
            ),
        ],
    )
    def _publish(house: dg.ResourceParam[House]) -> Iterator[Any]:
        run_id = current_run(house.settings).run_id
        checks = recorded(house.settings, run_id)
        site = SiteBuilder(house.settings)
        try:
            result = publish(house.settings, run_id=run_id, checks=checks, force=house.full_refresh, finish=site)
        except PublishBlockedError as error:
            stamp_current(house.settings, site, "Data checks failed")
            yield from _checks(specs, error.checks)
            raise dg.Failure(description=str(error), allow_retries=False) from error
        for spec in specs:
            rows = result.rows[spec.key.path[-1]]
            yield dg.MaterializeResult(
                asset_key=spec.key,
                metadata={"dagster/row_count": rows, "version": result.version, "is_new": result.is_new},
            )
        if site.built is None:
            # Nothing new was published: the site is made again, which takes a notice of a failed run off.
            site(result.path)
        yield site_result(site, house.settings.published_dir / CURRENT)
        # A version that was there already was proved when it was made; its own table of checks says how.
        yield from _checks(specs, result.checks if result.is_new else _checks_of(result.path / DATABASE))

    return _publish


def _checks(specs: Sequence[dg.AssetSpec], results: Sequence[CheckResult]) -> Iterator[dg.AssetCheckResult]:
    for spec in specs:
        name = spec.key.path[-1]
        own = [result for result in results if result.layer == LAYER and result.table == name]
        if own:
            yield as_one_check(spec.key, PUBLISHED_CHECK, own, f"expectations/published/{name}.yml")


def _checks_of(database: Path) -> list[CheckResult]:
    """The version's own checks, from its table of them."""
    columns = "table_name, check_type, severity, why, status, n_checked, n_unexpected, observed"
    with published(database) as con:
        rows = con.execute(f"select {columns} from {quality_table.NAME} where layer = ?", [LAYER]).fetchall()
    return [
        CheckResult(
            layer=LAYER,
            table=table,
            check_type=kind,
            severity=severity,
            why=why,
            status=status,
            n_checked=checked,
            n_unexpected=unexpected,
            observed=observed,
        )
        for table, kind, severity, why, status, checked, unexpected, observed in rows
    ]


def _specs(contract: Contract) -> list[dg.AssetSpec]:
    common: dict[str, Any] = {
        "group_name": "published",
        "owners": owners("published"),
        "kinds": {"duckdb", "parquet"},
        "freshness_policy": DAILY,
    }
    specs = [
        dg.AssetSpec(
            published_key(table.name),
            deps=[dg.AssetKey(table.source.split("."))],
            description=table.grain,
            metadata={
                "dagster/column_schema": dg.TableSchema(
                    [
                        dg.TableColumn(
                            column.name, "pseudonym" if column.purpose else "as its source", column.description
                        )
                        for column in table.columns
                    ]
                )
            },
            **common,
        )
        for table in contract.tables
    ]
    quality = dg.AssetSpec(
        published_key(quality_table.NAME),
        deps=sorted({dg.AssetKey(table.source.split(".")) for table in contract.tables}),
        description=quality_table.GRAIN,
        metadata={
            "dagster/column_schema": dg.TableSchema(
                [
                    dg.TableColumn(name, str(dtype).lower(), description)
                    for name, (dtype, description) in quality_table.COLUMNS.items()
                ]
            )
        },
        **common,
    )
    return [*specs, quality]
