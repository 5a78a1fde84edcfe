"""Zero because nobody records it is no number."""

import polars as pl

from pipelines.analytics.metrics import DEFINITIONS
from pipelines.analytics.recorded import COUNTED, only_recorded


def test_every_counted_measure_is_a_metric():
    assert COUNTED - {definition.metric_id for definition in DEFINITIONS} == set()


def test_a_count_that_is_zero_everywhere_is_left_out_and_its_hidden_rows_with_it():
    frame = pl.DataFrame(
        {
            "measure": ["tickets_per_100_orders"] * 3 + ["price_spread"] * 2 + ["service_cost_share"] * 2,
            "value": [0.0, 0.0, None, 0.0, 0.0, 0.0, 0.1],
        }
    )
    assert only_recorded(frame)["measure"].unique().sort().to_list() == ["price_spread", "service_cost_share"]
    assert only_recorded(frame).filter(pl.col("measure") == "service_cost_share").height == 2


def test_a_count_that_is_hidden_everywhere_stays_hidden_and_other_tables_pass():
    hidden = pl.DataFrame(
        {"measure": ["tickets_per_customer"], "value": [None]}, schema_overrides={"value": pl.Float64}
    )
    assert only_recorded(hidden).height == 1
    other = pl.DataFrame({"cause": ["a"], "value": [0.0]})
    assert only_recorded(other).equals(other)
