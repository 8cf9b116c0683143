"""Recognize a file that was delivered before, by its source's validators. Pure.

Validators are what a source says of a file without sending it (an ETag, a checksum, the times of a
local file). A fingerprint is a keyed hash of them together with what the record says of the file.
It holds no location in clear.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from urllib.parse import parse_qsl, urlsplit

from target_linkedin_resumes.records import ResumeFile

_HASH_BYTES = 12


class Fingerprints:
    """Computes fingerprints.

    ``key`` is that of the hash. ``context`` is what else decides what is sent: a file that would
    be converted in another way is not the same.
    """

    def __init__(self, key: bytes, context: str = "") -> None:
        self._key = key
        self._context = context

    def make(self, file: ResumeFile, validators: tuple[str, ...] = ()) -> str | None:
        """Return the fingerprint of a file with these validators; None if there are none.

        A checksum in the record stands for the bytes at a place. Another place is another file,
        with another name perhaps, whatever the checksum says.
        """
        if file.checksum is not None:
            validators = ("checksum", file.checksum)
        if not validators:
            return None
        # Hints and place are in it because the name that is sent is made of them.
        place = without_signature(file.location or "")
        hints = (file.filename or "", file.content_type or "")
        text = "\0".join((self._context, *hints, place, *validators))
        data = text.encode("utf-8", "surrogatepass")
        return blake2b(data, key=self._key, digest_size=_HASH_BYTES).hexdigest()


def without_signature(url: str) -> str:
    """Cut the query off a presigned link: it is another one each time."""
    if "?" not in url or expires_at(url) is None:
        return url
    return url.partition("?")[0]


# Without one of these an `Expires` is not that of a signature.
_SIGNERS = ("awsaccesskeyid", "googleaccessid", "key-pair-id")
_CLOUDFRONT = str.maketrans("-_~", "+=/")  # its base64 for URLs, which is not RFC 4648's


def expires_at(url: str) -> int | None:
    """Return the epoch seconds at which a presigned link expires; None when it does not say so.

    Knows Amazon S3 (signature versions 4 and 2), Google Cloud Storage (4 and 2), CloudFront
    (canned and custom policy) and Azure Storage (shared access signature). Sources: the
    "Authenticating Requests: Using Query Parameters" page of S3, "Signed URLs" of Cloud Storage,
    "Signed URLs" of CloudFront, "Create a service SAS" of Azure.
    """
    if "?" not in url:
        return None
    try:
        query = urlsplit(url).query
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return None
    fields = {name.lower(): value for name, value in pairs}
    for read in (_version_4, _expires, _policy, _azure):
        moment = read(fields)
        if moment is not None:
            return moment
    return None


def _version_4(fields: Mapping[str, str]) -> int | None:
    for vendor in ("x-amz", "x-goog"):
        life = _number(fields.get(f"{vendor}-expires"))
        if life is None:
            continue
        try:
            signed = datetime.strptime(fields.get(f"{vendor}-date", ""), "%Y%m%dT%H%M%S%z")
            return int((signed + timedelta(seconds=life)).timestamp())
        except (ValueError, OverflowError):
            continue
    return None


def _expires(fields: Mapping[str, str]) -> int | None:
    if "signature" in fields and any(signer in fields for signer in _SIGNERS):
        return _number(fields.get("expires"))
    return None


def _policy(fields: Mapping[str, str]) -> int | None:
    if "policy" not in fields or "key-pair-id" not in fields:
        return None
    try:
        policy = json.loads(base64.b64decode(fields["policy"].translate(_CLOUDFRONT)))
        moment = policy["Statement"][0]["Condition"]["DateLessThan"]["AWS:EpochTime"]
        return _number(str(moment))
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _azure(fields: Mapping[str, str]) -> int | None:
    if "sig" not in fields or "se" not in fields:
        return None
    try:
        moment = datetime.fromisoformat(fields["se"].replace(" ", "+"))
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,12}", text) else None
