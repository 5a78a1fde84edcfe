"""What Dagster loads (``workspace.yaml``); everything is built in ``pipelines.build``."""

from pipelines.build import build_defs

defs = build_defs()
