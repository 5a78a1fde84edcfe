"""Who customers are, what they are worth, and in what a segment differs.

A topic has its tables, laws, builds and metrics (definitions) and the statistics behind them.
"""
