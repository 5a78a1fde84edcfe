"""`journeyline identity what-if`: what a decision, other rules or another threshold would change, before it does."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.console import err, fail, out, print_json, print_table, settings_or_exit
from pipelines.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from pipelines.defs.progress import Progress
    from pipelines.defs.what_if import Forecast

HELP = """What a change of identity would do: whose records move, which numbers differ. Nothing is published.

The change is built in a copy of the warehouse by the steps of a refresh, so applying it gives just these numbers. A
and B are records (shopify:customer:123) or customer ids. A customer id stands for that person's records, one that was
merged away for those it had; of two such sets the weakest link between them names the pair, else the best linked
record of each. Ends with 1 where a check fails that would stop the refresh.

Example: journeyline identity what-if --never shopify:customer:123 zendesk:user:7"""


def command(  # noqa: PLR0917 (typer reads the parameters as options)
    never: Annotated[
        tuple[str, str] | None, typer.Option("--never", metavar="A B", help="Take A and B for two people.")
    ] = None,
    always: Annotated[
        tuple[str, str] | None, typer.Option("--always", metavar="A B", help="Take A and B for one person.")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", metavar="FILE", help="Other rules, in the form of identity/rules.yml.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", metavar="P", help="Match probability from which the model links (auto_link)."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most rows shown of each table; --json gives all.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; progress goes to standard error.")] = False,
) -> None:
    from pipelines.identity.proposal import Proposal, ProposalError, proposed_rules

    proposal = Proposal((never,) if never else (), (always,) if always else (), rules, threshold)
    if proposal.is_empty:
        fail("say what to try: --never A B, --always A B, --rules FILE or --threshold P", ExitCode.USAGE)
    settings = settings_or_exit()
    try:
        proposed_rules(proposal)
    except ProposalError as error:
        fail(str(error), ExitCode.USAGE)
    start = time.perf_counter()
    from pipelines.contract import ContractError
    from pipelines.defs.dbt_runner import DbtError
    from pipelines.defs.home import LockedError
    from pipelines.warehouse import WarehouseError, WarehouseInUseError

    try:
        with err().status("reading the project") as status:
            from pipelines.defs.what_if import what_if

            def listen(event: Progress) -> None:
                if event.kind in ("started", "working"):
                    status.update(f"building {event.asset or event.step} in a copy")

            forecast = what_if(settings, proposal, listener=listen)
    except (ProposalError, ContractError, DbtError) as error:
        fail(str(error), ExitCode.USAGE)
    except (LockedError, WarehouseInUseError) as error:
        fail(str(error), ExitCode.LOCKED)
    except WarehouseError as error:
        fail(str(error), ExitCode.USAGE)
    told = as_dict(forecast) | {"seconds": round(time.perf_counter() - start, 1)}
    if as_json:
        print_json(told)
    else:
        _tell(told, limit)
    raise SystemExit(ExitCode.OK if forecast.report.succeeded else ExitCode.FAILED)


def as_dict(forecast: Forecast) -> dict[str, Any]:
    """The forecast as plain values: what ``--json`` prints. Records and customers by id only."""
    report = forecast.report
    told: dict[str, Any] = {
        "change": {
            "never": [[d.node_id_a, d.node_id_b] for d in forecast.decisions if d.kind == "never"],
            "always": [[d.node_id_a, d.node_id_b] for d in forecast.decisions if d.kind == "always"],
            "rules": forecast.proposal.rules_file,
            "threshold": forecast.proposal.threshold,
        },
        "as_of": forecast.as_of,
        "warehouse_is_up_to_date": forecast.is_up_to_date,
        "succeeded": report.succeeded,
        "failures": [{"step": failure.step, "message": failure.message} for failure in report.failures],
        "failed_checks": [{"asset": check.asset, "check": check.check, "rows": check.rows} for check in report.failed],
        "apply": [{"file": step.file, "write": step.change} for step in forecast.steps],
    }
    if forecast.people is None or forecast.links is None or forecast.numbers is None:
        return told
    people, numbers = forecast.people, forecast.numbers
    told["people"] = {
        "before": people.n_before,
        "after": people.n_after,
        **{kind: people.count(kind) for kind in ("new", "retired", "split", "merged")},
        "records": people.n_records,
        "records_moved": people.n_moved,
        "clusters": people.clusters.to_dicts(),
        "moved": people.moved.to_dicts(),
    }
    told["links"] = forecast.links.to_dicts()
    told["numbers"] = {
        "compared": numbers.counted.to_dicts(),
        "changed": numbers.changed.to_dicts(),
    }
    return told


def _tell(told: dict[str, Any], limit: int) -> None:
    from rich.markup import escape

    console = out()
    if not told["warehouse_is_up_to_date"]:
        err().print(
            "[yellow]note[/yellow] the warehouse is not the result of the files, code and settings as they are now: "
            "what they change comes on top; refresh first for a forecast of this change alone"
        )
    if told["succeeded"]:
        _tell_people(told["people"], limit)
        _tell_links(told["links"], limit)
        _tell_numbers(told["numbers"], limit)
    else:
        console.print("[red]The refresh would publish nothing with this change:[/red] a check fails")
        for failure in told["failures"]:
            console.print(f"  {failure['step']}: {escape(failure['message'][:400])}")
        for check in told["failed_checks"]:
            console.print(f"  {check['asset']} · {escape(check['check'])}")
    console.print("To apply it, write")
    for step in told["apply"]:
        console.print(f"  {escape(step['write'])}   [dim]into {step['file']}[/dim]")
    console.print("and run: journeyline refresh")


def _tell_people(people: dict[str, Any], limit: int) -> None:
    counts = " · ".join(f"{people[kind]:,} {kind}" for kind in ("new", "retired", "split", "merged"))
    out().print(
        f"Customers: {people['before']:,} now, {people['after']:,} then · {counts} · "
        f"{people['records_moved']:,} of {people['records']:,} records get another customer id"
    )
    rows = [
        [row["kind"], row["customer_id"], row["n_before"], row["n_after"], _listed(row["others"])]
        for row in people["clusters"]
    ]
    _shown(["what", "customer", "records now", "then", "whose records, now or then"], rows, limit, "customers")


def _tell_links(links: list[dict[str, Any]], limit: int) -> None:
    columns = ["change", "node_id_a", "node_id_b", "rule", "confidence", "reason"]
    rows = [[link[column] for column in columns] for link in links]
    _shown(["link", "record", "record", "rule", "confidence", "why"], rows, limit, "links")


def _tell_numbers(numbers: dict[str, Any], limit: int) -> None:
    unchanged = []
    for topic in numbers["compared"]:
        name, compared, changed = topic["topic"], topic["n_compared"], topic["n_changed"]
        if not changed:
            unchanged.append(f"{name} ({compared:,})")
            continue
        out().print(f"[bold]{name}[/bold]: {changed:,} of {compared:,} numbers differ")
        rows = [_number(row) for row in numbers["changed"] if row["topic"] == name]
        columns = ["number", "of", "period", "now", "then", "difference", "n now", "n then"]
        _shown(columns, rows, limit, "numbers")
    if unchanged:
        out().print(f"Unchanged: {', '.join(unchanged)}")


def _number(row: dict[str, Any]) -> list[Any]:
    group = row["group_id"] if row["breakdown"] == "company" else f"{row['breakdown']} {row['group_id']}"
    sides = [_estimate(row, side) for side in ("before", "after")]
    difference = None if row["difference"] is None else f"{row['difference']:+,.4g}"
    return [row["measure"], group, row["period"], *sides, difference, _whole(row["n_before"]), _whole(row["n_after"])]


def _estimate(row: dict[str, Any], side: str) -> str | None:
    value, low, high = (row[f"{name}_{side}"] for name in ("value", "lo", "hi"))
    if value is None:
        return None
    return _short(value) if low is None else f"{_short(value)} ({_short(low)} to {_short(high)})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _listed(ids: list[str], most: int = 3) -> str:
    return ", ".join(ids[:most]) + (f" and {len(ids) - most:,} more" if len(ids) > most else "")


def _shown(columns: list[str], rows: list[list[Any]], limit: int, what: str) -> None:
    if rows:
        said = [place for place in range(len(columns)) if any(row[place] is not None for row in rows)]
        print_table([columns[place] for place in said], [[row[place] for place in said] for row in rows[:limit]])
    if len(rows) > limit:
        out().print(f"[dim]the first {limit} of {len(rows):,} {what}; all of them with --json or --limit[/dim]")
