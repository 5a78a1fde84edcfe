"""Great Expectations suites as blocking checks of the raw tables.

Belongs here: one check a table, made from the plain results of ``pipelines.quality``. Stays out: running a suite. One
step asks for all tables, because importing the library takes longer than most suites.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines.contract import load_contracts
from pipelines.defs.catalogue import raw_key
from pipelines.defs.checks import as_one_check
from pipelines.defs.closing import LOAD_MANIFEST, RUN_SETTINGS
from pipelines.defs.resources import House
from pipelines.defs.run_settings import current_run
from pipelines.quality.landing import check_landing
from pipelines.quality.results import record
from pipelines.settings import Settings

SUITE_CHECK = "landing_suite"


def build_landing_checks(settings: Settings) -> dg.AssetChecksDefinition:
    """``landing_suite`` on every raw table: blocks the graph when an item of severity error fails."""
    contracts = load_contracts(settings.systems, settings.project_root)
    keys = [raw_key(table) for contract in contracts.values() for table in contract.tables]

    @dg.multi_asset_check(
        name="landing_suites",
        specs=[
            dg.AssetCheckSpec(
                SUITE_CHECK,
                asset=key,
                blocking=True,
                additional_deps=[RUN_SETTINGS, LOAD_MANIFEST],
                description=f"The suite expectations/landing/{key.path[-1]}.yml.",
            )
            for key in keys
        ],
        can_subset=True,
    )
    def _suites(
        context: dg.AssetCheckExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.AssetCheckResult]:
        wanted = sorted(check.asset_key for check in context.selected_asset_check_keys)
        results = check_landing(house.settings, [key.path[-1] for key in wanted])
        record(house.settings, current_run(house.settings).run_id, "landing", results)
        for key in wanted:
            own = [result for result in results if result.table == key.path[-1]]
            yield as_one_check(key, SUITE_CHECK, own, f"expectations/landing/{key.path[-1]}.yml")

    return _suites
