"""Models: which exist, where their weights come from, and the one encoder of queries and index."""
