"""One module per system: the chunk as that vendor's export shows it. Columns follow the landing contracts."""
