"""Tags: by what a source tells of a file, is it the one that was read earlier? Pure.

A tag is a hash of what a record says of its file, its place among it, and what the source told of
it. It holds no location.
"""

from __future__ import annotations

from hashlib import blake2b

from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes.links import expires_at

_HASH_BYTES = 12


class Tags:
    """Makes tags.

    ``key`` is for the hashes. ``context`` is what else decides what becomes of a file: one that
    would be converted otherwise is not the same.
    """

    def __init__(self, key: bytes, context: str = "") -> None:
        self._key = key
        self._context = context

    def make(self, file: ResumeFile, told: tuple[str, ...] = ()) -> str | None:
        """The tag of a file of which its source tells this; None if nothing is told.

        A checksum in the record tells enough of the bytes at a place. Another place is another
        file, with another name perhaps, whatever the checksum says.
        """
        if file.checksum is not None:
            told = ("checksum", file.checksum)
        if not told:
            return None
        return self._hash(file, told)

    def _hash(self, file: ResumeFile, told: tuple[str, ...]) -> str:
        # Hints and place are in it because LinkedIn is told a name, which is made of them.
        place = without_signature(file.location or "")
        hints = (file.filename or "", file.content_type or "")
        text = "\0".join((self._context, *hints, place, *told))
        data = text.encode("utf-8", "surrogatepass")
        return blake2b(data, key=self._key, digest_size=_HASH_BYTES).hexdigest()


def without_signature(url: str) -> str:
    """A URL without the query of a presigned link, which is another each time."""
    if "?" not in url or expires_at(url) is None:
        return url
    return url.partition("?")[0]
