"""The business clock in SQL against a second one: the opening of each day cut out, in Python's own zones."""

from __future__ import annotations

import csv
import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from core_kit import House, new_house

from pipelines.settings import PROJECT_ROOT

SEEDS = PROJECT_ROOT / "dbt_project" / "seeds"
AS_OF = datetime.fromisoformat("2026-03-01T00:00:00")
N_TICKETS = 300


def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


CALENDARS = seed("support_calendars")
ZONES = {row["calendar"]: ZoneInfo(row["time_zone"]) for row in CALENDARS}
HOURS = {(row["calendar"], int(row["weekday"])): (row["opens_at"], row["closes_at"]) for row in seed("support_hours")}
HOLIDAYS = {(row["calendar"], date.fromisoformat(row["holiday_date"])) for row in seed("support_holidays")}


def business_minutes(calendar: str, start: datetime, stop: datetime) -> float:
    """Minutes between two moments (UTC, naive) at which the desk is open, day by day."""
    begin, end, zone = start.replace(tzinfo=UTC), stop.replace(tzinfo=UTC), ZONES[calendar]
    day, seconds = begin.astimezone(zone).date(), 0.0
    while day <= end.astimezone(zone).date():
        hours = HOURS.get((calendar, day.isoweekday()))
        if hours and (calendar, day) not in HOLIDAYS:
            opens, closes = (
                datetime(day.year, day.month, day.day, int(clock[:2]), int(clock[3:]), tzinfo=zone).astimezone(UTC)
                for clock in hours
            )
            seconds += max(0.0, (min(end, closes) - max(begin, opens)).total_seconds())
        day += timedelta(days=1)
    return seconds / 60


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Tickets of every region over two changes of the clock, the holidays of a winter, and up to three weeks long."""
    house = new_house(tmp_path_factory, "support-clock")
    chance = random.Random(8)
    first = datetime.fromisoformat("2025-03-20T00:00:00")
    rows = []
    for number in range(N_TICKETS):
        opened = first + timedelta(seconds=chance.randrange(int((AS_OF - first).total_seconds()) - 60))
        solved = opened + timedelta(seconds=chance.choice((3600, 86_400, 21 * 86_400)) * chance.random())
        is_solved = solved < AS_OF and number % 10 != 0
        rows.append(
            {
                "system": "z",
                "ticket_ref": str(number),
                "node_id": f"z:user:{number}",
                "region": chance.choice([row["region"] for row in CALENDARS] + [None, "Elsewhere"]),
                "opened_at": opened,
                "solved_at": solved if is_solved else None,
                "is_open": not is_solved,
                "n_reopens": 0,
            }
        )
    house.insert("tickets", *rows)
    house.build("dim_support_days", "fct_ticket_times")
    return house


def test_every_ticket_takes_as_long_on_the_business_clock_as_by_cutting_out_days(house: House) -> None:
    rows = house.rows(
        """
        select calendar, opened_at, coalesce(closed_at, timestamp '2026-03-01'),
            coalesce(resolution_minutes_business, age_minutes_business),
            coalesce(resolution_minutes_calendar, age_minutes_calendar)
        from feedback.fct_ticket_times
        """
    )
    assert len(rows) == N_TICKETS
    assert {calendar for calendar, *_ in rows} == set(ZONES)
    for calendar, opened, closed, business, minutes in rows:
        assert business == pytest.approx(business_minutes(calendar, opened, closed), abs=1e-6)
        assert minutes == pytest.approx((closed - opened).total_seconds() / 60, abs=1e-6)
    # Both changes of the clock lie inside some tickets that were open long enough to be worked on after them.
    for change in ("2025-03-30T01:00:00", "2025-10-26T01:00:00"):
        moment = datetime.fromisoformat(change)
        assert any(opened < moment < closed and business > 0 for _, opened, closed, business, _ in rows)


def test_out_of_hours_is_when_no_minute_of_the_desk_runs(house: House) -> None:
    rows = house.rows("select calendar, opened_at, is_out_of_hours from feedback.fct_ticket_times")
    moment = timedelta(milliseconds=1)
    for calendar, opened, is_out in rows:
        assert is_out == (business_minutes(calendar, opened, opened + moment) == 0)
