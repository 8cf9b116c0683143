"""Sandboxes that outlive a test: one for each worker and each set of options, reset between tests.

To start and stop one takes a third of a second; to reset it, nothing.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from target_linkedin_resumes.sandbox.server import Running, running
from target_linkedin_resumes.sandbox.state import State

# A call of a test before ends as soon as the sandbox sees that its client is gone.
_IDLE_SECONDS = 10


class Sandboxes:
    """Starts sandboxes, and gives them out again in their first state."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._by_options: dict[str, Running] = {}

    def get(self, **options: Any) -> Running:
        """Give a sandbox with these options of :func:`running`; another test's if there is one."""
        key = repr(sorted(options.items()))
        if key not in self._by_options:
            data = self._directory / str(len(self._by_options))
            data.mkdir()
            self._by_options[key] = self._stack.enter_context(running(data, **options))
        sandbox = self._by_options[key]
        wait_until_idle(sandbox)
        sandbox.reset()
        return sandbox


def wait_until_idle(sandbox: Running) -> None:
    """Wait until no call is under way."""
    deadline = time.monotonic() + _IDLE_SECONDS
    while sandbox.ask(_calls_under_way):
        assert time.monotonic() < deadline, "a call of a test before does not end"
        time.sleep(0.01)


def _calls_under_way(_: State) -> int:
    coroutines = (task.get_coro() for task in asyncio.all_tasks())
    return sum(getattr(one, "__name__", "") == "run_asgi" for one in coroutines)
