"""Rows people write beside what is measured: which of them speak in this run.

Belongs here: telling one company's rows from another's. Stays out: what the rows say.
"""

from __future__ import annotations

import polars as pl


def told_by(rows: pl.DataFrame, run: pl.DataFrame) -> pl.DataFrame:
    """The rows the people of the run's company wrote, without the column that says so.

    ``run`` is the one row of the run's settings. A map, a plan or a belief of one company says nothing of another.
    """
    return rows.filter(pl.col("company") == run["company"].item()).drop("company")
