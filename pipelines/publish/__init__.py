"""The published versions: whitelist, pseudonyms, proof, atomic switch."""
