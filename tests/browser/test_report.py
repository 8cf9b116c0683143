"""The report of a run as it is looked at: whole, accessible, and asking nobody for anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from target_linkedin_resumes.report.page import as_html
from tests.browser.conftest import NARROW, WIDE
from tests.browser.test_accessible import AXE, CHECK
from tests.report.samples import SAMPLES

Show = Callable[[str, tuple[int, int], str], Page]
# What sticks out of the window, or of the box it stands in.
CUT_OFF = """() => [...document.querySelectorAll("main *")].filter(one => {
  const {left, right, width} = one.getBoundingClientRect();
  return width > 0 && (left < -1 || right > innerWidth + 1
    || one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === "hidden");
}).filter(one => !one.closest("thead")).map(one => one.outerHTML.slice(0, 120))"""


@pytest.fixture
def show(chromium: Browser, tmp_path: Path) -> Iterator[Show]:
    """Opens the report of a sample from its file."""
    troubles: list[str] = []
    with ExitStack() as stack:

        def open_report(name: str, size: tuple[int, int], scheme: str) -> Page:
            path = tmp_path / f"{name}.html"
            path.write_text(as_html(SAMPLES[name]()))
            context = stack.enter_context(
                chromium.new_context(
                    viewport={"width": size[0], "height": size[1]},
                    color_scheme="dark" if scheme == "dark" else "light",
                )
            )
            page = context.new_page()
            page.on("console", lambda message: troubles.append(message.text))
            page.on("pageerror", lambda fault: troubles.append(str(fault)))
            context.on("request", lambda request: asked.append(request.url))
            asked: list[str] = []
            page.goto(path.as_uri())
            assert asked == [path.as_uri()]
            return page

        yield open_report
    assert troubles == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", SAMPLES)
def test_a_report_is_whole_and_accessible(
    show: Show, name: str, size: tuple[int, int], scheme: str
) -> None:
    page = show(name, size, scheme)
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate(CUT_OFF) == []
    page.evaluate(Path(AXE).read_text("utf-8"))
    result = page.evaluate(CHECK)
    assert result["passes"] > 10
    assert result["violations"] == []


def test_the_colours_follow_the_scheme(show: Show) -> None:
    back = "getComputedStyle(document.body).backgroundColor"
    assert show("perfect", WIDE, "light").evaluate(back) != show("rough", WIDE, "dark").evaluate(
        back
    )


def test_a_report_can_be_printed(show: Show) -> None:
    page = show("rough", WIDE, "dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.pdf().startswith(b"%PDF-")


def test_the_keyboard_opens_the_table_of_the_chart(show: Show) -> None:
    page = show("rough", NARROW, "light")
    rows = page.locator("details tbody tr")
    assert rows.count() > 10
    assert not rows.first.is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert rows.first.is_visible()
