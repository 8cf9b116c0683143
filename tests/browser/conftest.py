"""Chromium, and a sandbox for it to look at. Whatever a test does, the page must stay clean:
nothing on the console, nothing asked of any other machine.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from target_linkedin_resumes.sandbox.server import running
from tests.e2e.support import Bench

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
LATENCY = {"url": 20, "upload": 30, "batch": 60}
WIDE, NARROW = (1440, 900), (360, 740)

_PATIENCE_MS = 40_000
_NETWORK = {"http", "https", "ws", "wss", "ftp"}

Look = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    # Chromium's own sandbox does not work for root.
    arguments = ["--no-sandbox", *ARGUMENTS] if os.geteuid() == 0 else ARGUMENTS
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    data = tmp_path / "linkedin"
    data.mkdir()
    with running(data, latency=LATENCY) as sandbox:
        yield Bench(tmp_path, sandbox, settings={"batch_max_age_seconds": 1})


@pytest.fixture
def look(chromium: Browser, bench: Bench) -> Iterator[Look]:
    """Opens a page of the sandbox in a window of its own."""
    troubles: list[str] = []
    with ExitStack() as stack:

        def open_page(
            path: str = "/", *, size: tuple[int, int] = WIDE, expected: str = "", **options: Any
        ) -> Page:
            viewport: ViewportSize = {"width": size[0], "height": size[1]}
            context = stack.enter_context(chromium.new_context(viewport=viewport, **options))
            context.set_default_timeout(_PATIENCE_MS)
            page = context.new_page()

            def note(trouble: str) -> None:
                if not expected or expected not in trouble:
                    troubles.append(trouble)

            def console(text: str, kind: str) -> None:
                if kind in {"error", "warning"}:
                    note(f"console: {text}")

            page.on("console", lambda message: console(message.text, message.type))
            page.on("pageerror", lambda fault: note(f"error: {fault}"))
            page.on("dialog", lambda dialog: note(f"dialog: {dialog.message}"))

            def requested(url: str) -> None:
                parts = urlsplit(url)
                # Chromium's own PDF viewer consists of files with schemes of its own.
                if parts.scheme in _NETWORK and parts.hostname != "127.0.0.1":
                    note(f"request: {url}")

            context.on("request", lambda request: requested(request.url))
            page.goto(path if path.startswith(("about:", "http:")) else bench.sandbox.url + path)
            return page

        yield open_page
    assert troubles == []
