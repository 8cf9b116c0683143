"""When a presigned link expires, as far as the link says so. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

# Without one of these an `Expires` is not that of a signature.
_SIGNERS = ("awsaccesskeyid", "googleaccessid", "key-pair-id")
_CLOUDFRONT = str.maketrans("-_~", "+=/")  # its base64 for URLs, which is not RFC 4648's


def expires_at(url: str) -> int | None:
    """Give the epoch seconds at which a presigned link stops working; None when it tells none.

    Knows Amazon S3 (signature versions 4 and 2), Google Cloud Storage (4 and 2), CloudFront
    (canned and custom policy) and Azure Storage (shared access signature). Sources: the
    "Authenticating Requests: Using Query Parameters" page of S3, "Signed URLs" of Cloud Storage,
    "Signed URLs" of CloudFront, "Create a service SAS" of Azure.
    """
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
        try:
            signed = datetime.strptime(fields.get(f"{vendor}-date", ""), "%Y%m%dT%H%M%S%z")
            if life is not None:
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
