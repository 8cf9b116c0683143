"""The documentation's site: read light and dark, wide and narrow, and searched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NARROW, WIDE, Look
from tests.docs.documents import ROOT

SITE = ROOT / "build" / "site"
PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html"))
# Those that the navigation names; decisions are all of one make.
NAMED = [page for page in PAGES if not page.startswith("decisions/0")]
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_there_are_pages() -> None:
    names = {Path(page).stem for page in PAGES}
    assert names >= {"index", "settings", "record", "outcomes", "questions", "changelog"}


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_each_page_fits_and_asks_nothing_of_other_machines(
    look: Look, site: str, size: tuple[int, int], scheme: str
) -> None:
    page = look(f"{site}/index.html", size=size, color_scheme=scheme)
    for name in NAMED:
        page.goto(f"{site}/{name}", wait_until="domcontentloaded")
        expect(page.locator("h1").first).to_be_visible()
        assert page.evaluate(OVERFLOW) <= 0, name


def test_the_scheme_follows_the_readers(look: Look, site: str) -> None:
    grounds = [
        look(f"{site}/settings.html", color_scheme=scheme).evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
    ]
    assert len(set(grounds)) == 2


def test_a_setting_is_found(look: Look, site: str) -> None:
    for _ in range(6):  # what is typed before the page has set its search up is not looked for
        page = look(f"{site}/index.html")
        page.get_by_role("textbox", name="Search").fill("max_deletes")
        with suppress(AssertionError):
            expect(page.locator(".md-search-result__link").first).to_be_visible(timeout=10_000)
            break
    assert "settings.html" in page.locator(".md-search-result").inner_html()


def test_the_way_of_a_record_is_drawn(look: Look, site: str) -> None:
    page = look(f"{site}/architecture.html")
    expect(page.locator("div.mermaid")).to_be_visible()
