"""Carts: how many are left, why, and what that costs.

A topic has its tables, laws, builds and metrics (definitions) and the statistics behind them.
"""
