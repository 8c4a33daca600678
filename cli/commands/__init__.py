"""What each command does; main.py says how it is called."""
