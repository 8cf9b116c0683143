"""Threads that do what takes time, and post what it came to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from target_linkedin_resumes.engine.types import bug
from target_linkedin_resumes.errors import Failure, Stop

Job = Callable[[], Any]
Done = Callable[[Any, float], None]


# A thread that has not begun after so many seconds has died before it could say so.
_START_SECONDS = 10


class _Started(threading.Event):
    """Has Thread.start give up on a thread that gets no memory for its first step.

    CPython waits for it without end (python/cpython#140746).
    """

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the thread runs. Raises RuntimeError, as for one that cannot be started."""
        if not super().wait(_START_SECONDS if timeout is None else timeout):
            raise RuntimeError
        return True


def start_thread(name: str, work: Callable[..., object], *arguments: object) -> threading.Thread:
    """Start a thread that does not keep the process from ending. Raises :class:`Stop`."""
    thread = threading.Thread(target=work, args=arguments, name=name, daemon=True)
    # Thread.start has no time-out of its own.
    thread._started = _Started()  # type: ignore[attr-defined]  # noqa: SLF001 - see _Started
    try:
        thread.start()
    except (RuntimeError, MemoryError):
        raise Stop(
            "this machine starts no more threads for this user: raise the limit of processes or of"
            " memory, or lower upload_concurrency"
        ) from None
    return thread


class Workers:
    """Up to ``most`` threads, started as they are needed, that run jobs in the order they came.

    The scheduler calls all methods. ``post`` has a method called on its thread. The threads are
    daemons: one that hangs does not keep the process from ending. ``clock`` gives seconds.
    """

    def __init__(
        self,
        name: str,
        most: int,
        post: Callable[..., None],
        clock: Callable[[], float],
    ) -> None:
        self._name = name
        self._most = most
        self._post = post
        self._clock = clock
        self._jobs: SimpleQueue[tuple[Job, Done] | None] = SimpleQueue()
        self._threads = 0
        self.busy = 0
        """Jobs whose end the scheduler has not read yet."""

    def run(self, job: Job, done: Done) -> None:
        """Have ``job`` run, and then, on the scheduler's thread, ``done(result, seconds)``.

        The result is what the job returned, or the Failure that it raised.
        """
        if self._threads < min(self.busy + 1, self._most):
            self._start_one()
        self.busy += 1
        self._jobs.put((job, done))

    def _start_one(self) -> None:
        """Start one more thread, or go on with those there are where the system gives no more."""
        name = self._name if self._most == 1 else f"{self._name}-{self._threads + 1}"
        try:
            start_thread(name, self._work)
        except Stop:
            if not self._threads:
                raise
            self._most = self._threads
        else:
            self._threads += 1

    def stop(self) -> None:
        """End each thread once what was handed in before has run."""
        for _ in range(self._threads):
            self._jobs.put(None)

    def _work(self) -> None:
        try:
            self._run_jobs()
        except BaseException as error:  # noqa: BLE001 - for want of memory; its job has no end then
            self._post(self._died, bug(error))

    def _died(self, failure: Failure) -> None:
        """End the run: called on the scheduler's thread."""
        raise failure

    def _run_jobs(self) -> None:
        while (handed_in := self._jobs.get()) is not None:
            job, done = handed_in
            begun = self._clock()
            result: Any
            try:
                result = job()
            except Failure as failure:
                result = failure
            except BaseException as error:  # noqa: BLE001 - a library may call sys.exit
                result = bug(error)
            self._post(self._ended, done, result, self._clock() - begun)
            del handed_in, job, done, result  # with its record, which may hold a file

    def _ended(self, done: Done, result: Any, seconds: float) -> None:
        self.busy -= 1
        done(result, seconds)
