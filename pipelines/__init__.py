"""Journeyline: one view of each customer, and the statistics computed from it.

This package re-exports nothing: import the module you need, so that importing one room never loads another.
"""
