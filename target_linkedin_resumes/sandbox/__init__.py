"""A LinkedIn to run against on this machine. It shares no code with the rest of the package.

``POST /oauth/v2/accessToken``, ``POST /oauth/v2/introspectToken``, ``POST /v2/hireMediaUrl``,
``POST /ambry/``, ``PUT | DELETE | POST /v2/tcrmCandidateResumes`` are LinkedIn's;
``/healthz``, ``/sandbox/state``, ``/sandbox/journal``, ``/sandbox/faults``, ``/sandbox/reset``
are its own, and so is the page at ``/``. What it holds lives as long as its process; files and the
journal stay in its directory, where a new process begins a new journal.
"""
