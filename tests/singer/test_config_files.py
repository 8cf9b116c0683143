"""Objects that Meltano made flat for the environment are objects again."""

from __future__ import annotations

from typing import Any

import pytest

from target_linkedin_resumes.singer.config_files import nested

NAME = "TARGET_"


@pytest.mark.parametrize(
    ("given", "variables", "expected"),
    [
        # A field of this target behind the last dot says enough.
        (
            {
                "fields": {
                    "attachments.resume_id": "id",
                    "attachments.file": ["a", "b"],
                    "file": "c",
                }
            },
            [],
            {"fields": {"attachments": {"resume_id": "id", "file": ["a", "b"]}, "file": "c"}},
        ),
        (
            {"fields": {"public.attachments.file": "url"}},
            [],
            {"fields": {"public.attachments": {"file": "url"}}},
        ),
        # Elsewhere a name may have a dot: it is a path, unless Meltano shows that it is none.
        ({"only": {"file.type": "pdf"}}, [], {"only": {"file.type": "pdf"}}),
        (
            {"only": {"attachments.type": "resume"}},
            ["ONLY_ATTACHMENTS_TYPE"],
            {"only": {"attachments": {"type": "resume"}}},
        ),
        (
            {"only": {"candidates.each.type": "resume"}},
            ["ONLY_CANDIDATES_EACH_TYPE"],
            {"only": {"candidates": {"each.type": "resume"}}},
        ),
        (
            {"stream_maps": {"opportunities": "__NULL__", "opp-resumes.__filter__": "file"}},
            ["STREAM_MAPS_OPPORTUNITIES", "STREAM_MAPS_OPP_RESUMES___FILTER__"],
            {"stream_maps": {"opportunities": "__NULL__", "opp-resumes": {"__filter__": "file"}}},
        ),
        ({"blob_ttl": {"duration": 72}, "dry_run": True}, [], None),
        ({"fields": {"a.colour": 1}}, [], None),
    ],
)
def test_entries_of_entries(
    given: dict[str, Any], variables: list[str], expected: dict[str, Any] | None
) -> None:
    environment = {NAME + name: "any" for name in variables}
    assert nested(given, environment, NAME) == (given if expected is None else expected)
