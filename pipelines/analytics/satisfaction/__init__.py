"""How customers feel.

A topic has its tables, laws, builds and metrics (definitions) and the statistics behind them.
"""
