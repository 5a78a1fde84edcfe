"""``python -m pipelines.cli``: the same command line without an installed script."""

from pipelines.cli.main import main

main()
