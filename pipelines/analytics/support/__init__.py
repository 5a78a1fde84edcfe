"""How customers are helped: speed, solution, promises kept, and the people who help.

A topic has its tables, laws, builds and metrics (definitions) and the statistics behind them.
"""
