"""What is measured, against which goal, and the recorded results."""
