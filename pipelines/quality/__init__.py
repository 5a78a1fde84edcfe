"""Checks as plain results: suites run with Great Expectations, and the page that shows them."""
