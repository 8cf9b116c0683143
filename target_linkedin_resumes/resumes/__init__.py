"""Fetch a resume's bytes; the surface is sources.py. Knows neither Singer nor LinkedIn."""
