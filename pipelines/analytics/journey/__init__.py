"""What customers do: stages, funnels, paths, channels, retention, attribution.

A topic has its tables, laws, builds and metrics (definitions) and the statistics behind them.
"""
