"""The floor: the same calls from a bare loop on `http.client`, without anything around them.

No checks of records, no states, no retries, no logs: what it costs is what a client in Python
cannot go below by much without other means than the standard library's.

    python -m benchmarks.floor config.json < stream.singer
"""

from __future__ import annotations

import http.client
import json
import ssl
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks import wire


class Floor:
    """One connection, one call after another."""

    def __init__(self, config: dict[str, Any]) -> None:
        url = urlsplit(config["api_url"])
        assert url.hostname is not None
        self._root = Path(config["file_root"])
        self._connection: http.client.HTTPConnection
        if url.scheme == "https":
            self._connection = http.client.HTTPSConnection(
                url.hostname, url.port, context=ssl.create_default_context()
            )
        else:
            self._connection = http.client.HTTPConnection(url.hostname, url.port)
        self._authorization = {"Authorization": "Bearer token"}

    def run(self) -> None:
        """Deliver what stands on standard input."""
        resumes: list[tuple[wire.Key, str, int]] = []
        gone: list[wire.Key] = []
        for line in sys.stdin.buffer:
            message = json.loads(line)
            if message["type"] == "RECORD":
                record = message["record"]
                if record.get("_sdc_deleted_at"):
                    gone.append(wire.key_of(record))
                else:
                    moment = datetime.fromisoformat(record["created_at"])
                    location = self._upload(record["file"])
                    milliseconds = int(moment.timestamp() * 1000)
                    resumes.append((wire.key_of(record), location, milliseconds))
            if len(resumes) == wire.BATCH_SIZE:
                self._update(resumes)
            if len(gone) == wire.BATCH_SIZE:
                self._delete(gone)
        self._update(resumes)
        self._delete(gone)
        self._connection.close()

    def _upload(self, file: str) -> str:
        content = (self._root / file).read_bytes()
        wish = json.dumps(wire.UPLOAD_URL).encode()
        headers, _ = self._call("POST", "/v2/hireMediaUrl", wish, {})
        signed = urlsplit(headers["x-linkedin-id"])
        target = f"{signed.path}?{signed.query}&x-ambry-filename=resume.pdf"
        headers, _ = self._call("POST", target, content, {"Content-Type": "application/pdf"})
        return headers["location"]

    def _update(self, resumes: list[tuple[wire.Key, str, int]]) -> None:
        if resumes:
            self._batch(wire.batch_update(resumes), [key for key, _, _ in resumes])
            resumes.clear()

    def _delete(self, keys: list[wire.Key]) -> None:
        if keys:
            self._batch(wire.batch_delete(keys), keys)
            keys.clear()

    def _batch(self, call: wire.BatchCall, keys: list[wire.Key]) -> None:
        target = "/v2/tcrmCandidateResumes" + (f"?{call.query}" if call.query else "")
        wire.check(self._call(call.verb, target, call.body, call.headers)[1], keys)

    def _call(
        self, verb: str, target: str, body: bytes, headers: dict[str, str]
    ) -> tuple[http.client.HTTPMessage, bytes]:
        self._connection.request(verb, target, body or None, self._authorization | headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{verb} was answered {answer.status}")
        return answer.headers, content


if __name__ == "__main__":
    Floor(json.loads(Path(sys.argv[1]).read_text())).run()
