"""What is in flight and what is settled. Knows neither Singer nor HTTP."""
