"""Programs that do what this project does in the way that it replaces, written afresh to be held against."""
