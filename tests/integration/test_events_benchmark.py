"""The benchmark's event log: the same from the same seed on any number of threads, and like a shop's."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from benchmarks import event_log
from pipelines.settings import load_settings

EVENTS = 20_000


def generated(home: Path, threads: int) -> Path:
    settings = load_settings({"JOURNEYLINE_HOME": str(home), "JOURNEYLINE_THREADS": str(threads)})
    counted = event_log.generate(settings, home / "log", EVENTS)
    assert counted["web_events"] == pytest.approx(EVENTS, rel=0.1)
    return home / "log"


def test_the_log_is_the_same_on_any_number_of_threads_and_like_a_shop(tmp_path: Path) -> None:
    folders = [generated(tmp_path / str(threads), threads) for threads in (1, 2)]
    with duckdb.connect() as con:
        for part in ("web", "log"):
            one, two = (f"(select * from read_parquet('{event_log.files(folder, part)}'))" for folder in folders)
            ((more, fewer),) = con.sql(
                f"select (select count(*) from ({one} except all {two})),"
                f" (select count(*) from ({two} except all {one}))"
            ).fetchall()
            assert (more, fewer) == (0, 0), part
        log = f"read_parquet('{event_log.files(folders[0], 'log')}')"
        ((each, orders, confirmations, unstaged, months),) = con.sql(
            f"""
            select
                count(*) / count(distinct customer_id),
                count(*) filter (where event_type = 'order_placed'),
                count(*) filter (where event_type = 'order_confirmation'),
                count(*) filter (where event_type = 'add_to_cart' and stage is distinct from 'intent'),
                count(distinct landed)
            from {log}
            """
        ).fetchall()
        steps = con.sql(
            f"select count(distinct customer_id) from {log} where event_type in"
            " ('view_item', 'add_to_cart', 'begin_checkout', 'add_shipping_info', 'add_payment_info', 'order_placed')"
            " group by event_type order by 1 desc"
        ).fetchall()
    assert 25 < each < 37
    assert orders == confirmations > 0
    assert unstaged == 0
    assert months >= 12
    assert len(set(steps)) == 6, "every step of the purchase loses somebody"
