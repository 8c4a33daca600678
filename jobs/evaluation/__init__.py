"""Measures how well the collection's own pictures are found: sample, ask, sum up, show."""
