"""The plain peer: what one writes first with the SDK, correct and without a trick.

A `BatchSink` that takes 100 records, one `requests.Session`, one call after another: for each
record a signed URL and the upload, then the batch. It caches the token, checks every status and
every key of an answer, and the last event of a key wins. No retries, no limits, no rejects.

    python -m benchmarks.peer --config config.json < stream.singer
"""

from __future__ import annotations

import time
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import requests
from singer_sdk.sinks import BatchSink
from singer_sdk.target_base import Target

from benchmarks import wire

TIMEOUT = 60


class PeerSink(BatchSink):
    """Delivers 100 records at a time."""

    MAX_SIZE_DEFAULT = wire.BATCH_SIZE

    @cached_property
    def session(self) -> requests.Session:
        """The one session."""
        return requests.Session()

    def process_batch(self, context: dict[str, Any]) -> None:
        """Upload the files and write the records; a BATCH file comes here as a whole."""
        records = context["records"]
        for start in range(0, len(records), wire.BATCH_SIZE):
            self._deliver(records[start : start + wire.BATCH_SIZE])

    def _deliver(self, records: list[dict[str, Any]]) -> None:
        last = {wire.key_of(record): record for record in records}
        gone = [key for key, record in last.items() if record.get("_sdc_deleted_at")]
        resumes = [
            (key, self._upload(record["file"]), _milliseconds(record["created_at"]))
            for key, record in last.items()
            if not record.get("_sdc_deleted_at")
        ]
        if resumes:
            self._batch(wire.batch_update(resumes), [key for key, _, _ in resumes])
        if gone:
            self._batch(wire.batch_delete(gone), gone)

    def _upload(self, file: str) -> str:
        if file.startswith("http"):
            content = self._checked(self.session.get(file, timeout=TIMEOUT)).content
        else:
            content = (Path(self.config["file_root"]) / file).read_bytes()
        answer = self._checked(
            self.session.post(
                f"{self.config['api_url']}/v2/hireMediaUrl",
                json=wire.UPLOAD_URL,
                headers=self._authorization | {"X-RestLi-Protocol-Version": "2.0.0"},
                timeout=TIMEOUT,
            )
        )
        url = f"{answer.headers['x-linkedin-id']}&x-ambry-filename=resume.pdf"
        headers = self._authorization | {"Content-Type": "application/pdf"}
        answer = self._checked(
            self.session.post(url, data=content, headers=headers, timeout=TIMEOUT)
        )
        return answer.headers["location"]

    def _batch(self, call: wire.BatchCall, keys: list[wire.Key]) -> None:
        url = f"{self.config['api_url']}/v2/tcrmCandidateResumes"
        answer = self.session.request(
            call.verb,
            f"{url}?{call.query}" if call.query else url,
            data=call.body,
            headers=self._authorization | call.headers,
            timeout=TIMEOUT,
        )
        wire.check(self._checked(answer).content, keys)

    @property
    def _authorization(self) -> dict[str, str]:
        if time.monotonic() > getattr(self, "_token_until", 0.0):
            answer = self._checked(
                self.session.post(
                    self.config["token_url"],
                    data={
                        "grant_type": "client_credentials",
                        "client_id": self.config["client_id"],
                        "client_secret": self.config["client_secret"],
                    },
                    timeout=TIMEOUT,
                )
            ).json()
            self._token = str(answer["access_token"])
            self._token_until = time.monotonic() + int(answer["expires_in"]) - 60
        return {"Authorization": f"Bearer {self._token}"}

    @staticmethod
    def _checked(answer: requests.Response) -> requests.Response:
        answer.raise_for_status()
        return answer

    def clean_up(self) -> None:
        """Close the session."""
        self.session.close()
        super().clean_up()


class Peer(Target):
    """The SDK's target around it."""

    name = "benchmark-peer"
    default_sink_class = PeerSink
    config_jsonschema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {
            name: {"type": "string"}
            for name in ("client_id", "client_secret", "api_url", "token_url", "file_root")
        },
    }


def _milliseconds(created_at: object) -> int:
    # The SDK makes a datetime of what the tap's schema calls one.
    moment = created_at if isinstance(created_at, datetime) else str(created_at)
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return int(moment.timestamp() * 1000)


if __name__ == "__main__":
    Peer.cli()
