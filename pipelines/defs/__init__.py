"""Dagster wiring only: assets, checks, jobs, schedules, sensors, and the one way to run them."""
