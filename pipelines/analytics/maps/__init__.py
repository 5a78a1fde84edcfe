"""Journey maps: what is known of each segment in each column of its map, lane by lane."""
