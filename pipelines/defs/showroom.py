"""The showroom as an asset: rendered into a version before readers see it, so that both are there or neither.

Belongs here: the asset, its check and its metadata, and the notice on yesterday's site. Stays out: the site itself
(``pipelines.showroom``) and publishing (``pipelines.defs.publish``), whose step renders it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import dagster as dg

from pipelines.analytics.build import BUILDS
from pipelines.defs.catalogue import DAILY, owners
from pipelines.defs.dbt_runner import load_manifest, manifest_path
from pipelines.defs.identity import EVIDENCE
from pipelines.publish import versions
from pipelines.publish.contract import load_contract
from pipelines.settings import Settings, utc_now
from pipelines.showroom import build as showroom
from pipelines.showroom import dbt_docs, lineage
from pipelines.showroom.check import over_budget, problems

SITE_KEY = dg.AssetKey(["showroom", "site"])
SITE_CHECK = "site_holds_together"
MAP_CHECK = "maps_are_complete"
SIZE_CHECK = "site_is_small"
IDENTITY = "identity"


class SiteError(RuntimeError):
    """The site is not fit to be shown; the message says why."""


class SiteBuilder:
    """Renders the site into a version's folder, and remembers what came of it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.built: showroom.Built | None = None
        self.heavy: list[str] = []
        self.seconds = 0.0

    def __call__(self, folder: Path, notice: str = "") -> None:
        """Render and check.

        Raises:
            SiteError: a link leads nowhere or outside, a page breaks its policy.
        """
        started = perf_counter()
        if not (folder / lineage.FOLDER).exists():
            lineage.write(folder, self.lineage(), self._settings.dbt_target_dir / "compiled")
            dbt_docs.write(folder, manifest_path(self._settings))
        self.built = showroom.build(folder, is_sample=self._settings.is_demo, notice=notice)
        self.seconds = perf_counter() - started
        found = problems(self.built.path)
        if found:
            raise SiteError(f"the showroom is not shown: {'; '.join(found[:5])}")
        self.heavy = over_budget(self.built.path)

    def lineage(self) -> dict[str, lineage.Made]:
        """How every published table came about, by the contract, the parsed project and the declared inputs."""
        contract = load_contract(self._settings.dbt_project_dir / "models")
        computed = {
            f"analytics.{name}": lineage.Computed(build.build.__module__, tuple(build.inputs))
            for name, build in BUILDS.items()
        }
        evidence = tuple(".".join(key.path) for key in EVIDENCE)
        dbt = load_manifest(self._settings)
        for source in dbt["sources"].values():
            if source["source_name"] == IDENTITY:
                computed[f"{IDENTITY}.{source['identifier']}"] = lineage.Computed("pipelines.identity", evidence)
        published = {table.name: table.source for table in contract.tables}
        return lineage.trace(published, computed, dbt, self._settings.systems)


def site_spec(published: Sequence[dg.AssetSpec]) -> dg.AssetSpec:
    """The site depends on every published table: it reads nothing else."""
    return dg.AssetSpec(
        SITE_KEY,
        deps=[spec.key for spec in published],
        description="The showroom: a static site of journey maps in the published version.",
        group_name="showroom",
        owners=owners("showroom"),
        kinds={"html"},
        freshness_policy=DAILY,
    )


def site_checks() -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(SITE_CHECK, asset=SITE_KEY, description="Links and policy of every page."),
        dg.AssetCheckSpec(SIZE_CHECK, asset=SITE_KEY, description="Pages and files are within their sizes."),
        dg.AssetCheckSpec(
            MAP_CHECK, asset=SITE_KEY, description="Every map has actor, scenario, goal, owner and all lanes."
        ),
    ]


def site_result(site: SiteBuilder, current: Path) -> dg.MaterializeResult[None]:
    """What the UI shows of the site: where it is, how large, how long it took, what the maps lack.

    Raises:
        SiteError: nothing was rendered.
    """
    built = site.built
    if built is None:
        raise SiteError("no site was rendered")
    index = current / showroom.SITE / "index.html"
    findings = [f"- {finding.segment}: {finding.words}" for finding in built.findings]
    missing = ", ".join(built.missing) or "none"
    return dg.MaterializeResult(
        asset_key=SITE_KEY,
        metadata={
            "path": dg.MetadataValue.path(str(index)),
            "url": dg.MetadataValue.url(index.as_uri()),
            "pages": built.pages,
            "bytes": built.bytes,
            "seconds": round(site.seconds, 2),
            "summary": dg.MetadataValue.md(
                f"{built.pages} pages. Tables not published yet: {missing}.\n\n" + "\n".join(findings)
            ),
        },
        check_results=[
            dg.AssetCheckResult(passed=True, asset_key=SITE_KEY, check_name=SITE_CHECK),
            dg.AssetCheckResult(
                passed=not site.heavy,
                asset_key=SITE_KEY,
                check_name=SIZE_CHECK,
                severity=dg.AssetCheckSeverity.WARN,
                description="; ".join(site.heavy) or None,
            ),
            dg.AssetCheckResult(
                passed=not built.findings,
                asset_key=SITE_KEY,
                check_name=MAP_CHECK,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"findings": len(built.findings)},
            ),
        ],
    )


def stamp_current(settings: Settings, render: Callable[[Path, str], None], reason: str) -> bool:
    """Say on the site readers have that a newer one was held back; False where nothing was ever published."""
    current = versions.current(settings)
    if current is None:
        return False
    when = f"{utc_now():%d %b %Y, %H:%M} UTC"
    render(current.path, f"{reason} at {when}. This is still the version of {current.manifest['as_of']}.")
    return True
