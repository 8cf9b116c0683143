"""The reject codes for a resume whose bytes cannot be read or cannot be used.

The codes are stable; users filter and count by them. Each has its meaning and its remedy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Explanation(NamedTuple):
    """What a code means and what to do about it."""

    meaning: str
    remedy: str


CODES: Mapping[str, Explanation] = {
    "file_missing": Explanation(
        "There is no file at the path in the field `file`.",
        "Check the path and the setting `file_root`, below which relative paths are looked up.",
    ),
    "file_unreadable": Explanation(
        "The file is there, but the user that runs the target may not read it.",
        "Give that user the right to read the file and to pass the directories above it.",
    ),
    "not_a_file": Explanation(
        "The path leads to a directory, a named pipe, a device or a socket.",
        "Map the field `file` to the path of a regular file.",
    ),
    "outside_root": Explanation(
        "The path leads out of `file_root`, directly, by `..` or through a symbolic link.",
        "Move the file below `file_root`, or set `file_root` to a directory that holds all files.",
    ),
    "invalid_source": Explanation(
        "The field `file` holds neither a path nor a valid URL.",
        "Correct the reference in the source system, or the mapping that builds it.",
    ),
    "unsupported_source": Explanation(
        "This target does not read URLs with this scheme.",
        "Copy the file to a supported place, or map another field to `file`.",
    ),
    "invalid_base64": Explanation(
        "The content in the record is not base64 text, or not all of it.",
        "Map the field that holds the complete encoded file and nothing else.",
    ),
    "source_not_allowed": Explanation(
        "The URL leads where a record must not send this target: a private address, an unusual"
        " port, from https to http, or a store that is not listed.",
        "If this is intended, list the beginning of the URL in the setting `file_sources`.",
    ),
    "source_link_expired": Explanation(
        "The signed link has expired.",
        "Have the tap extract the record again, shortly before the load.",
    ),
    "source_denied": Explanation(
        "The source does not accept the credentials, or there were none.",
        "Check `headers` or `storage_options` of the source in the setting `file_sources`.",
    ),
    "source_gone": Explanation(
        "There is no file at the URL.",
        "Check the link in the source system; the file may have been deleted there.",
    ),
    "source_unreachable": Explanation(
        "The host of the URL does not exist, or its certificate cannot be verified. Or the file"
        " was unavailable for `retry_seconds` while others were not, or arrived damaged each time.",
        "Correct the URL. For a private CA, set the variable REQUESTS_CA_BUNDLE. If the source was"
        " down, replay.",
    ),
    "source_refused": Explanation(
        "The source answered with something other than the file, and trying again would not help.",
        "Open the link as the target would, and correct it in the source system.",
    ),
    "file_empty": Explanation(
        "The file is empty, or holds only white space.",
        "Upload the resume to the source system again.",
    ),
    "unknown_encoding": Explanation(
        "The text is not in UTF-8, and its encoding cannot be detected reliably.",
        "Declare its charset in the field `content_type`, for example `text/plain;"
        " charset=windows-1251`, or save the text in UTF-8.",
    ),
    "file_too_large": Explanation(
        "The file is larger than the 10 MiB that LinkedIn accepts.",
        "Replace it with a smaller one, for example a PDF with smaller images.",
    ),
    "unsupported_format": Explanation(
        "The file is not a PDF, a DOC or plain text. LinkedIn accepts only these.",
        "Save the resume as PDF in the source system. For DOCX, ODT, RTF and HTML, set `convert` to"
        " `text` or `pdf`.",
    ),
    "file_encrypted": Explanation(
        "The document needs a password, so neither LinkedIn nor a recruiter can open it.",
        "Save the resume without a password in the source system.",
    ),
    "conversion_failed": Explanation(
        "The document could not be converted. It is damaged, has no text, includes another"
        " document, or is far larger or more deeply nested than a resume.",
        "Save the resume as PDF in the source system.",
    ),
    "source_login_page": Explanation(
        "The source sent a login page instead of the resume.",
        "Give the credentials of the source in the setting `file_sources`.",
    ),
    "source_share_page": Explanation(
        "The source sent the web page of a file-sharing service instead of the resume.",
        "Use the service's direct download link or its API, not the link for browsers.",
    ),
    "source_error_page": Explanation(
        "The source sent an error message or a redirect page instead of the resume.",
        "Open the link as the target would, and follow what the source says there.",
    ),
}
