"""What an operator asks between two runs."""
