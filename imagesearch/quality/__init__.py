"""What is said of a search's quality: figures with their uncertainty, thresholds, and the comparison with an earlier run."""
