"""Pictures: where their bytes come from, how they are decoded within limits, and their hashes."""
