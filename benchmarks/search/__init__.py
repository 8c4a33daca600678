"""Searches: what one costs, how many a machine carries."""
