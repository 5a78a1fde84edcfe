"""How customers feel and how they are helped.

A topic has its tables, laws, builds and metrics (definitions) and the statistics behind them.
"""
