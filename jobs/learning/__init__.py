"""Learns the join of evidence from edited copies: make them, hold them against their neighbours, fit, and say what it is worth."""
