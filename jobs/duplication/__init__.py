"""Near-duplicates of a whole collection: neighbours, pairs that are held against each other, clusters."""
