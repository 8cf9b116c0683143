"""What all tests share."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Time limits of hypothesis measure the machine's load, not the code.
settings.register_profile(
    "project", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("project")
