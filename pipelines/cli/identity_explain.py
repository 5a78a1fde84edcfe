"""`journeyline identity explain A B`: why two records are one person, or why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.console import fail, out, print_json, settings_or_exit
from pipelines.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from pipelines.identity.explain import Explanation, Step
    from pipelines.ingest.source_rows import SourceRow

HELP = """Why two records or persons are one, or why they are not: the shortest chain of evidence between them.

A and B are records (system:kind:ref, as in int_identity__map) or persons (customer_id of the live warehouse, also a
former one). Each step says which rule links which two records, since when, how sure it is, and where both stand in the
exports. The weakest link is marked, and every step without which the two would be two people. Values are masked.

Example: journeyline identity explain shopify:customer:1003 zendesk:user:77"""


def command(
    a: Annotated[str, typer.Argument(help="A record or a person.")],
    b: Annotated[str, typer.Argument(help="Another one.")],
    show_pii: Annotated[
        bool, typer.Option("--show-pii", help="Show e-mails, phones and other values as they are.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    settings = settings_or_exit()
    from pipelines.identity.explain import UnknownRecordError, explain
    from pipelines.ingest.source_rows import source_rows
    from pipelines.warehouse import WarehouseError, WarehouseInUseError

    try:
        found = explain(settings, a, b)
        rows = source_rows(settings, found.records)
    except UnknownRecordError as error:
        fail(str(error), ExitCode.USAGE)
    except WarehouseInUseError as error:
        fail(str(error), ExitCode.LOCKED)
    except WarehouseError as error:
        fail(str(error), ExitCode.USAGE)
    if as_json:
        print_json(_as_json(found, rows, show_pii))
    else:
        _tell(found, rows, show_pii)


def mask(kind: str | None, value: str | None) -> str | None:
    """Enough of a value to recognise it by, and not to learn it.

    Of an e-mail the first letters of both sides and the ending, of anything else the first and the last two
    characters; four characters or fewer show none. What the model compared shows no value and stays.
    """
    if value is None or kind == "comparison":
        return value
    local, at, domain = value.partition("@")
    if at:
        name, dot, ending = domain.rpartition(".")
        return f"{local[:1]}***@{name[:1]}***{dot}{ending}"
    return f"{value[:1]}***{value[-2:]}" if len(value) > 4 else "***"


def _tell(found: Explanation, rows: Mapping[str, tuple[SourceRow, ...]], show_pii: bool) -> None:
    console = out()
    if found.is_one_person and not found.chain:
        console.print(f"One record, person {found.customer_ids[0]}.")
    elif found.is_one_person:
        since = f", believed since {found.known_from:%Y-%m-%d %H:%M} UTC" if found.known_from else ""
        steps = f"{len(found.chain)} step{'s' if len(found.chain) > 1 else ''}"
        console.print(f"One person, {found.customer_ids[0]}: {steps}{since}.")
        for number, step in enumerate(found.chain, 1):
            _tell_step(number, step, show_pii)
    else:
        console.print(f"Two persons, {found.customer_ids[0]} and {found.customer_ids[1]}.")
        _tell_pairs("Links between them that were left out:", found.left_out, show_pii)
        _tell_pairs("Pairs that are probable and wait for a decision:", found.in_review, show_pii)
        if not found.left_out and not found.in_review:
            console.print("No rule and no comparison links any record of the one with any of the other.")
    console.print("Source rows")
    for node, places in rows.items():
        console.print(f"   {node}" + ("" if places else ": no row of an enabled system"), markup=False)
        for row in places:
            of = f", the newest of {row.n_rows:,} rows" if row.n_rows > 1 else ""
            landed = row.loaded_at.isoformat(" ", "seconds")
            console.print(f"      {row.file} row {row.row_number:,}, landed {landed} UTC{of}", markup=False)


def _tell_step(number: int, step: Step, show_pii: bool) -> None:
    console = out()
    marks = [mark for mark, held in (("weakest link", step.is_weakest), ("bridge", step.is_bridge)) if held]
    sure = "" if step.confidence is None else f", confidence {step.confidence:.3f}"
    bits = "" if step.match_weight is None else f", {step.match_weight:+.1f} bits"
    seen = f", shown {step.observed_at:%Y-%m-%d}" if step.observed_at else ""
    console.print(f"{number}. {step.node_id_a} – {step.node_id_b}", markup=False)
    told = f"   {step.rule} ({step.source}{sure}{bits}{seen}): {step.conditions}" + "".join(f" [{m}]" for m in marks)
    console.print(told, markup=False)
    for line in _values(step, show_pii):
        console.print(f"   {line}", markup=False)


def _values(step: Step, show_pii: bool) -> Iterator[str]:
    if step.source == "model":
        yield from (step.identifier_value or "").split()
        return

    def shown(value: str | None) -> str:
        return (value if show_pii else mask(step.identifier_type, value)) or "named by the other record"

    if step.identifier_value is not None:
        yield f"{step.identifier_type} {shown(step.identifier_value)}; raw: {shown(step.raw_a)} and {shown(step.raw_b)}"


def _tell_pairs(title: str, pairs: tuple[Mapping[str, Any], ...], show_pii: bool) -> None:
    if pairs:
        out().print(title)
    for pair in (_shown(pair, show_pii) for pair in pairs):
        sure = "" if pair["confidence"] is None else f", confidence {pair['confidence']:.3f}"
        why = f": {pair['reason']}" if "reason" in pair else ""
        key = f" ({pair['key_type']} {pair['key_value_a']} and {pair['key_value_b']})" if pair.get("key_type") else ""
        out().print(f"   {pair['node_id_a']} – {pair['node_id_b']}", markup=False)
        out().print(f"      {pair['rule']} {pair['identifier_value'] or ''}{sure}{why}{key}", markup=False)


def _shown(pair: Mapping[str, Any], show_pii: bool) -> dict[str, Any]:
    masked = {"identifier_value": pair.get("identifier_type"), "raw_a": pair.get("identifier_type")}
    kinds = {**masked, "raw_b": masked["raw_a"], "key_value_a": "key", "key_value_b": "key"}
    return {name: value if show_pii or name not in kinds else mask(kinds[name], value) for name, value in pair.items()}


def _as_json(found: Explanation, rows: Mapping[str, tuple[SourceRow, ...]], show_pii: bool) -> dict[str, Any]:
    return {
        "is_one_person": found.is_one_person,
        "customer_ids": list(found.customer_ids),
        "known_from": found.known_from,
        "chain": [_shown(asdict(step), show_pii) for step in found.chain],
        "left_out": [_shown(pair, show_pii) for pair in found.left_out],
        "in_review": [_shown(pair, show_pii) for pair in found.in_review],
        "source_rows": {node: [asdict(row) for row in places] for node, places in rows.items()},
    }
