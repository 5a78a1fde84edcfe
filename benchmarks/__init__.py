"""Benchmarks: side-by-side runs with results as JSON. Nothing in the pipeline imports this package."""
