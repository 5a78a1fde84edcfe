"""The raw layer: exports landed once, every row of them, or held in quarantine with the reason."""
