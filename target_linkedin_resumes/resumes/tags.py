"""Tags: by what a source tells of a file, is it the one that was read earlier? Pure.

A tag is a hash of what a record says of its file, and what the source told of it. It holds no
location.
"""

from __future__ import annotations

import json
from hashlib import blake2b

from target_linkedin_resumes.changes import ResumeFile
from target_linkedin_resumes.resumes.links import expires_at

_HASH_BYTES = 12


class Tags:
    """Makes and reads tags.

    ``key`` is for the hashes. ``context`` is what else decides what becomes of a file: one that
    would be converted otherwise is not the same.
    """

    def __init__(self, key: bytes, context: str = "") -> None:
        self._key = key
        self._context = context

    def make(self, file: ResumeFile, told: tuple[str, ...] = ()) -> str | None:
        """The tag of a file of which its source tells this; None if nothing is told.

        A checksum in the record tells enough, wherever the file is.
        """
        if file.checksum is not None:
            told = ("checksum", file.checksum)
        if not told:
            return None
        return self._hash(file) + json.dumps(told, separators=(",", ":"))

    def told(self, file: ResumeFile, tag: str | None) -> tuple[str, ...]:
        """What the source told when the tag was made; nothing if the record said something else."""
        hashed = self._hash(file)
        if tag is None or not tag.startswith(hashed):
            return ()
        return tuple(json.loads(tag[len(hashed) :]))

    def _hash(self, file: ResumeFile) -> str:
        # Hints are in it because LinkedIn is told a name.
        place = "" if file.checksum is not None else without_signature(file.location or "")
        text = "\0".join((self._context, file.filename or "", file.content_type or "", place))
        data = text.encode("utf-8", "surrogatepass")
        return blake2b(data, key=self._key, digest_size=_HASH_BYTES).hexdigest()


def without_signature(url: str) -> str:
    """A URL without the query of a presigned link, which is another each time."""
    if "?" not in url or expires_at(url) is None:
        return url
    return url.partition("?")[0]
