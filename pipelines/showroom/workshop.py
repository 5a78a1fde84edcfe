"""The workshop pack: a sheet for each map to fill in together, and reading it back as judgement rows.

Belongs here: what a sheet holds, what of a filled-in one is taken, and why a line is refused. Stays out: what is
measured, which no sheet can change: a sheet only adds to, rewords or drops what the team believes.

A sheet shows a shared line (segment ``all``) with every segment. Left as it is it stays shared; reworded it becomes the
segment's own; emptied it stays, for the others. Lines of another company stand in the same seed, on no sheet of this
one, and stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pipelines.showroom import format as fmt
from pipelines.showroom.lint import LONGEST
from pipelines.showroom.maps import LANE_NAMES, TEXT_LANES, stages_of
from pipelines.showroom.marts import Row

ALL = "all"
KEY = ("company", "scheme_id", "segment_id", "map_stage", "lane", "item")
COLUMNS = (*KEY, "text", "owner", "reviewed_on", "review_by")
"""Columns of the seed ``journey_judgements``."""
SHEET = (
    *("company", "scheme_id", "segment_id", "map_stage", "stage_name", "lane", "known"),
    *("item", "text", "owner", "review_by"),
)
"""Columns of a sheet; ``stage_name`` and ``known`` are for its readers and are not read back."""
REVIEW_AFTER = timedelta(days=182)
"""A belief is looked at again after half a year unless the sheet says when."""
PERSONAL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+|(?:\d[\s()/+-]*){7,}")
"""An e-mail address, or as many digits as a phone or order number: a map is of a group, never of a person."""
FORMULA = "'"
"""What the export puts before text that a spreadsheet would run; taken off again."""

Judgement = dict[str, str]


@dataclass(frozen=True)
class Merged:
    """What a sheet changed. ``rows`` are all judgements after it; ``refused`` says line by line what was not taken."""

    rows: tuple[Judgement, ...]
    added: int = 0
    changed: int = 0
    dropped: int = 0
    refused: tuple[str, ...] = ()


def sheet_rows(
    rows: Sequence[Row], company: str, scheme: str, segment: str, judgements: Iterable[Judgement]
) -> list[Judgement]:
    """One segment's sheet from the rows of ``journey_map``: what is believed by now, and a free line in every cell."""
    own = [row for row in rows if (row["scheme_id"], row["segment_id"]) == (scheme, segment)]
    told = (row for row in judgements if row["company"] == company)
    believed = _believed(told, scheme, segment)
    of = {"company": company, "scheme_id": scheme, "segment_id": segment}
    lines = []
    for stage, stage_name in stages_of(rows):
        for lane in TEXT_LANES:
            known = "; ".join(_known(row) for row in own if _is_measured(row, stage, lane))
            cell = {**of, "map_stage": stage, "stage_name": stage_name, "lane": lane, "known": known}
            here = [row for row in believed if (row["map_stage"], row["lane"]) == (stage, lane)]
            lines += [{**cell, **{name: row[name] for name in ("item", "text", "owner", "review_by")}} for row in here]
            lines.append({**cell, "item": "", "text": "", "owner": "", "review_by": ""})
    return lines


def sheet_text(rows: Sequence[Row], company: str, scheme: str, segment: str, judgements: Iterable[Judgement]) -> str:
    """The same as a page to print: who the map is of, what is known, what is believed, and room to write."""
    own = (row for row in rows if (row["scheme_id"], row["segment_id"]) == (scheme, segment))
    head = {row["item"]: row["text"] for row in own if row["lane"] == "header"}
    lines = [f"# {_plain(head.get('actor') or fmt.human(segment))}", ""]
    lines += [f"**{name.title()}:** {_plain(head.get(name) or '…')}  " for name in ("scenario", "goal", "owner")]
    rules = (
        "What is known is counted or answered and stays as it is. Write what the team believes beside it, at most "
        f"{LONGEST} characters a line, with who says so. No names, addresses or numbers of customers."
    )
    lines += ["", rules]
    sheet = sheet_rows(rows, company, scheme, segment, judgements)
    for stage, stage_name in stages_of(rows):
        lines += ["", f"## {_plain(stage_name)}", "", "| Lane | Known | Believed |", "| --- | --- | --- |"]
        for lane in TEXT_LANES:
            cell = [line for line in sheet if (line["map_stage"], line["lane"]) == (stage, lane)]
            said = "; ".join(line["text"] for line in cell if line["text"])
            lines.append(f"| {LANE_NAMES[lane]} | {_plain(cell[0]['known'])} | {_plain(said) or '…'} |")
    return "\n".join([*lines, ""])


def read_sheet(content: bytes) -> list[Judgement]:
    """A filled-in sheet as its lines; spreadsheets write a mark before it, and some a semicolon between columns.

    Raises:
        ValueError: a column is missing.
    """
    text = content.decode("utf-8-sig")
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
    needed = set(SHEET) - {"stage_name", "known"}
    missing = sorted(needed - set(reader.fieldnames or ()))
    if missing:
        raise ValueError(f"no column {', '.join(missing)}: is this a sheet of the workshop pack?")
    return [{name: _written(line.get(name)) for name in needed} for line in reader]


def merge(judgements: Sequence[Judgement], lines: Sequence[Judgement], *, stages: Iterable[str], today: date) -> Merged:
    """The judgements after a filled-in sheet. A line that is refused changes nothing; the others are taken."""
    rows = {_key(row): row for row in judgements}
    found = Merged(())
    for number, line in enumerate(lines, start=2):
        if not line["text"]:
            dropped = line["item"] and rows.pop(_key(line), None) is not None
            found = replace(found, dropped=found.dropped + bool(dropped))
            continue
        wrong = _wrong(line, frozenset(stages))
        if wrong:
            found = replace(found, refused=(*found.refused, f"line {number}: {wrong}"))
            continue
        row = _judgement(line, today)
        before = rows.get(_key(row))
        if _says_the_same(row, before or _shared(rows, row)):
            continue
        rows[_key(row)] = row
        found = replace(found, added=found.added + (before is None), changed=found.changed + (before is not None))
    return replace(found, rows=tuple(rows.values()))


def to_csv(rows: Iterable[Mapping[str, str]], columns: Sequence[str], *, guarded: bool) -> str:
    """Rows as CSV; ``guarded`` puts an apostrophe before text that a spreadsheet would run as a formula."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _guard(row[name]) if guarded else row[name] for name in columns})
    return out.getvalue()


def _believed(judgements: Iterable[Judgement], scheme: str, segment: str) -> list[Judgement]:
    """The lines a segment's map shows: its own before those for all."""
    shown: dict[tuple[str, ...], Judgement] = {}
    for row in judgements:
        place = (row["map_stage"], row["lane"], row["item"])
        if (row["scheme_id"], row["segment_id"]) == (scheme, segment):
            shown[place] = row
        elif row["segment_id"] == ALL and row["scheme_id"] in (ALL, scheme):
            shown.setdefault(place, row)
    return list(shown.values())


def _is_measured(row: Row, stage: str, lane: str) -> bool:
    return (row["stage"], row["lane"]) == (stage, lane) and row["source_kind"] != "judgement" and not row["suppressed"]


def _known(row: Row) -> str:
    if row["item"] == "mood":
        return f"mood {fmt.change(row['value'])} from {fmt.count(row['n'])} answers"
    number = fmt.share(row["value"]) if row["unit"] == "share" else fmt.decimal(row["value"])
    return f"{row['text']} {number}"


def _wrong(line: Judgement, stages: frozenset[str]) -> str:
    """Why a line cannot be taken; nothing where it can."""
    reasons = {
        f"there is no stage {line['map_stage']}": line["map_stage"] not in stages,
        f"nobody fills in the lane {line['lane']}": line["lane"] not in TEXT_LANES,
        "it names no company": not line["company"],
        "it names no segment": not (line["scheme_id"] and line["segment_id"]),
        f"the text has {len(line['text'])} characters, at most {LONGEST} are read": len(line["text"]) > LONGEST,
        "the text holds an address or a long number: leave people out": PERSONAL.search(line["text"]) is not None,
        "the text has no letter": not _slug(line["text"]),
        "it names no owner": not line["owner"],
        f"review_by is no date like 2027-03-15: {line['review_by']}": not _is_date(line["review_by"]),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _is_date(text: str) -> bool:
    if not text:
        return True
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _judgement(line: Judgement, today: date) -> Judgement:
    return {
        **{name: line[name] for name in ("company", "scheme_id", "segment_id", "map_stage", "lane")},
        "item": line["item"] or _slug(line["text"]),
        "text": line["text"],
        "owner": line["owner"],
        "reviewed_on": today.isoformat(),
        "review_by": line["review_by"] or (today + REVIEW_AFTER).isoformat(),
    }


def _shared(rows: Mapping[tuple[str, ...], Judgement], row: Judgement) -> Judgement | None:
    schemes = (row["scheme_id"], ALL)
    found = (rows.get(_key({**row, "scheme_id": scheme, "segment_id": ALL})) for scheme in schemes)
    return next((other for other in found if other is not None), None)


def _says_the_same(row: Judgement, other: Judgement | None) -> bool:
    return other is not None and all(row[name] == other[name] for name in ("text", "owner", "review_by"))


def _key(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in KEY)


def _slug(text: str) -> str:
    return re.sub(r"\W+", "_", text.lower(), flags=re.ASCII).strip("_")[:40].strip("_")


def _written(text: str | None) -> str:
    """One line of text without the guard an export put before it."""
    words = " ".join((text or "").split())
    return words[1:] if words.startswith(FORMULA) and words[1:2] in tuple("=+-@") else words


def _guard(text: str) -> str:
    return f"{FORMULA}{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _plain(text: str) -> str:
    """Text that is only text in Markdown too."""
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", " ".join(text.split()))
