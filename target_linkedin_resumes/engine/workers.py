"""The workers: they upload, each one attempt at a time; what failed waits in the flow."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from target_linkedin_resumes.engine.log_throttle import LogThrottle
from target_linkedin_resumes.engine.run import Run, bug
from target_linkedin_resumes.engine.types import Entry, Unchanged, Upload
from target_linkedin_resumes.errors import Failure, Reject, Retry, Stop
from target_linkedin_resumes.records import Upsert

logger = logging.getLogger(__name__)


class Workers:
    """At most ``most`` threads, started as they are needed."""

    def __init__(self, run: Run, most: int, call_the_clerk: Callable[[float], None]) -> None:
        self._run = run
        self._most = most
        self._call_the_clerk = call_the_clerk
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._remarks = LogThrottle()

    def call(self) -> None:
        """Have an upload begin, if one more may be under way. The lock is held."""
        run = self._run
        if run.ended or run.flow.uploading >= run.outside.concurrency.allowed:
            return
        if self._idle:
            run.work.notify()
        elif len(self._threads) < self._most:
            name = f"upload-{len(self._threads) + 1}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        run = self._run
        while True:
            with run.lock:
                while (entry := self._next()) is None:
                    if run.ended:
                        return
                    self._idle += 1
                    run.work.wait()
                    self._idle -= 1
                if run.flow.uploads_pending > run.flow.uploading:
                    self.call()
            self._upload(entry)

    def _next(self) -> Entry | None:
        run = self._run
        if run.ended or run.flow.uploading >= run.outside.concurrency.allowed:
            return None
        entry = run.flow.start_upload()
        run.tally.most_uploads = max(run.tally.most_uploads, run.flow.uploading)
        return entry

    def _upload(self, entry: Entry) -> None:
        run = self._run
        assert isinstance(entry.change, Upsert)  # noqa: S101 - only upserts are queued for upload
        begun = run.outside.clock()
        result: Upload | Unchanged | Failure
        try:
            result = run.outside.upload(entry.change, entry.alone)
        except Failure as failure:
            result = failure
        except Exception as error:  # noqa: BLE001 - a worker must not end in silence
            result = bug(error, entry)
        with run.lock:
            if run.ended:  # what is cut off at the end says nothing, and nobody waits for it
                return
            reject = self._ended(entry, result, begun)
        try:
            run.write_uploads_down()
        except Stop as stop:
            with run.lock:
                run.fail(stop)
        if reject is not None:
            run.settle_rejected_entry(entry, reject)

    def _ended(
        self, entry: Entry, result: Upload | Unchanged | Failure, begun: float
    ) -> Reject | None:
        """Note an upload's end under the lock; gives the reject that is then to be settled."""
        run = self._run
        now = run.outside.clock()
        reject: Reject | None = None
        if isinstance(result, Upload):
            run.outside.concurrency.succeeded(now - begun)
            self._uploaded(entry, result, now)
        elif isinstance(result, Unchanged):
            run.outside.concurrency.succeeded(now - begun)
            if run.flow.upload_needless(entry):
                run.settle_unchanged(entry.change, entry.positions)
        elif isinstance(result, Reject):
            reject = result if run.flow.upload_needless(entry) else None
        elif isinstance(result, Retry):
            reject = self._failed(entry, result, now)
        else:
            run.flow.upload_needless(entry)  # stays unsettled: the run ends before it
            run.fail(result)
        if reject is not None:
            run.begin_reject(entry.key)
        run.give_up_uploads()
        self._call_the_clerk(now)
        if run.idle or run.draining:
            run.room.notify_all()
        return reject

    def _failed(self, entry: Entry, retry: Retry, now: float) -> Reject | None:
        run = self._run
        self._remark(entry, retry, now)
        if not retry.at_source:
            run.outside.concurrency.failed()
        run.tally.retried[retry.cause] += 1
        ended = run.flow.upload_failed(entry, retry, now)
        if isinstance(ended, Stop):
            run.fail(ended)
            return None
        return ended

    def _uploaded(self, entry: Entry, upload: Upload, now: float) -> None:
        run = self._run
        if upload.reused:
            run.tally.reused += 1
        else:
            run.tally.uploaded += 1
            run.tally.bytes_uploaded += upload.size
        wanted = run.flow.uploaded(entry, upload, now)
        if wanted and run.outside.books is not None and isinstance(entry.change, Upsert):
            run.uploads_to_write.append((entry.change, upload))

    def _remark(self, entry: Entry, retry: Retry, now: float) -> None:
        unsaid = self._remarks.due(retry.cause, now)
        level = logging.DEBUG if unsaid is None else logging.INFO
        like_it = f" ({unsaid} more like it since the last such line)" if unsaid else ""
        logger.log(level, "%s: the upload is tried again: %s%s", entry.key, retry.message, like_it)
