"""Run a job in this process, tell its progress, and say in plain values how it ended.

Belongs here: the one way the command line and the tests run the graph. Stays out: display and exit codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import dagster as dg

from pipelines.build import build_defs
from pipelines.defs.heap import collected_seldom
from pipelines.defs.home import prepare, writer_lock
from pipelines.defs.progress import LOGGER, Listener, Progress, listening
from pipelines.defs.resources import house_resource
from pipelines.defs.scratch import sweep
from pipelines.identity.rules import Rules
from pipelines.publish.contract import load_contract
from pipelines.publish.fingerprint import is_published
from pipelines.settings import Settings
from pipelines.warehouse import tables


class SelectionError(ValueError):
    """The selection names no asset; the message shows how one is written."""


@dataclass
class RunReport:
    """How a refresh or a run ended: assets built, checks and failures in the order they came.

    ``status``: built, nothing new (this very result is published already) or failed.
    """

    status: str = "built"
    run_ids: list[str] = field(default_factory=list)
    built: list[Progress] = field(default_factory=list)
    checks: list[Progress] = field(default_factory=list)
    failures: list[Progress] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        return self.status != "failed"

    @property
    def passed(self) -> list[Progress]:
        return [check for check in self.checks if check.passed]

    @property
    def warned(self) -> list[Progress]:
        return [check for check in self.checks if not check.passed and not check.is_error]

    @property
    def failed(self) -> list[Progress]:
        return [check for check in self.checks if not check.passed and check.is_error]


class Graph:
    """The graph for one settings object, put together once however many jobs are run."""

    def __init__(self, settings: Settings, *, rules: Rules | None = None) -> None:
        """``rules`` are identity's where they are not the house's own: only a what-if has others."""
        prepare(settings)
        self.settings = settings
        self.defs = build_defs(settings=settings, resources={"house": house_resource(settings, rules=rules)})

    def planned(self, job_name: str, select: str = "") -> list[str]:
        """The assets a run would build, as ``layer/table``, in the order of the graph.

        Raises:
            SelectionError: the selection names nothing, or a part of what one step makes at once.
        """
        return [key.to_user_string() for key in self._keys(job_name, select)]

    def jobs(self, select: str = "") -> list[str]:
        """The jobs of a refresh: landing, then the rest, so that it can stop between; a selection is one run."""
        return ["refresh_all"] if select else ["land", "build"]

    def refresh(
        self,
        *,
        select: str = "",
        systems: Sequence[str] = (),
        full: bool = False,
        listener: Listener | None = None,
    ) -> RunReport:
        """Land, build, check and publish; stops after landing where this very result is built and published already.

        ``select`` is a Dagster asset selection such as ``key:"core/dim_customers"+``; ``systems`` are those whose files
        are landed (all, unless named); ``full`` rebuilds and publishes in any case.

        Raises:
            SelectionError: the selection names nothing, or a part of what one step makes at once.
            LockedError: another refresh is running on this state folder.
        """
        report = RunReport()
        with writer_lock(self.settings):
            sweep(self.settings)
            for job in self.jobs(select):
                self._run(report, job, select=select, systems=systems, full=full, listener=listener)
                if not report.succeeded:
                    break
                if job == "land" and not full and is_published(self.settings) and self._is_built():
                    report.status = "nothing new"
                    break
        return report

    def _is_built(self) -> bool:
        """Whether the warehouse holds what is published: somebody may have deleted it, or killed its rebuilding."""
        contract = load_contract(self.settings.dbt_project_dir / "models")
        return {table.source for table in contract.tables} <= set(tables(self.settings))

    def run(self, job_name: str, *, select: str = "", listener: Listener | None = None) -> RunReport:
        """Run one job, whatever is published. Raises as ``refresh`` does."""
        report = RunReport()
        with writer_lock(self.settings):
            self._run(report, job_name, select=select, systems=(), full=False, listener=listener)
        return report

    def _run(
        self,
        report: RunReport,
        job_name: str,
        *,
        select: str,
        systems: Sequence[str],
        full: bool,
        listener: Listener | None,
    ) -> None:
        """Run a job in this process, recorded in the state folder's Dagster instance; the caller holds the lock."""
        kept = {"built": report.built, "check": report.checks, "failed": report.failures}

        def listen(progress: Progress) -> None:
            if progress.kind in kept:
                kept[progress.kind].append(progress)
            if listener:
                listener(progress)

        config = {"systems": [*systems], "full_refresh": full, "take_lock": False}
        with (
            dg.DagsterInstance.from_config(str(self.settings.dagster_home)) as instance,
            listening(listen),
            collected_seldom(),
        ):
            result = self.defs.resolve_job_def(job_name).execute_in_process(
                instance=instance,
                raise_on_error=False,
                asset_selection=self._keys(job_name, select) if select else None,
                run_config={"resources": {"house": {"config": config}}, "loggers": {LOGGER: {"config": {}}}},
            )
        report.run_ids.append(result.run_id)
        if not result.success:
            report.status = "failed"

    def _keys(self, job_name: str, select: str) -> list[dg.AssetKey]:
        job = self.defs.resolve_job_def(job_name)
        graph = job.asset_layer.asset_graph
        keys = set(job.asset_layer.executable_asset_keys)
        if select:
            try:
                # Nothing can be left out of what one step makes at once, such as a publication.
                keys &= dg.AssetSelection.from_string(select).required_multi_asset_neighbors().resolve(graph)
            except Exception as error:
                raise SelectionError(f"{select!r} is not a selection: {str(error).splitlines()[0]}") from error
        if not keys:
            raise SelectionError(
                f'{select!r} selects no asset; write for example group:core or key:"core/dim_customers"+'
            )
        if select:
            try:
                job.get_subset(asset_selection=keys)
            except dg.DagsterInvalidSubsetError as error:
                raise SelectionError(
                    f"{select!r} takes a part of what one step makes at once; select the whole of it, for example"
                    " group:raw or group:identity, or what comes after it"
                ) from error
        return [key for key in graph.toposorted_asset_keys if key in keys]


def run_job(settings: Settings, job_name: str = "refresh_all", *, listener: Listener | None = None) -> RunReport:
    """Put the graph together and run one job on it."""
    return Graph(settings).run(job_name, listener=listener)
