"""What a running system tells those who look after it."""
