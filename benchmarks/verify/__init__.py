"""What verification adds to a search, and where its time goes."""
