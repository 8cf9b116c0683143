"""The page at ``/``: what the sandbox holds, the calls it was asked, its limits and its faults.

Everything is rendered here from templates that escape what they are given; a little script asks
for the regions that changed, once a second, and only while somebody looks. ``regions`` says what
is shown, ``routes`` serves it, ``guard`` keeps other sites out.
"""
