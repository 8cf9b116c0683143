"""The report of a run: its figures in, HTML and JSON out. Pure but for `files.py`."""
