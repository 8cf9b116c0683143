"""Convert documents that LinkedIn does not take; the surface is converter.py."""
