"""Which records are one person: clustering of evidence, ids that stay."""
