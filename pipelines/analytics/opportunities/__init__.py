"""Opportunities: what could be mended, what that is worth, who does it, and whether it helped.

A topic has its tables, laws, builds and metrics (definitions) and the statistics behind them.
"""
